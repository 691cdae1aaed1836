"""Seconds that the images of a run took. Comparisons of runs ignore them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.store.columns import IDS, UNREADABLE, id_columns, read_columns, write_columns
from robustbench_seg.text import one_line

log = logging.getLogger(__name__)

_SCHEMA = pa.schema([*IDS, pa.field("corrupt", pa.float32()), pa.field("predict", pa.float32())])


@dataclass(frozen=True)
class Timing:
    """Seconds for one image under one condition: to create or read it, and to segment it."""

    image: str
    condition: Condition
    corrupt: float
    predict: float


def write_timings(folder: Path, name: str, timings: Sequence[Timing]) -> None:
    """Write the seconds of the rows of the part called `name`."""
    columns = id_columns([each.image for each in timings], [each.condition for each in timings])
    columns["corrupt"] = [timing.corrupt for timing in timings]
    columns["predict"] = [timing.predict for timing in timings]
    write_columns(folder / "timings" / name, columns, _SCHEMA)


def median_seconds(folder: Path) -> float | None:
    """Compute the median seconds from an image to its labels in a run.

    Other images are corrupted and scored on the same machine at the same time. An unreadable file
    is skipped with a warning, because no score needs it.

    Args:
        folder: The run folder.

    Returns:
        Seconds, above 0; None if there are no timings.
    """
    seconds = list[float]()
    for path in sorted((folder / "timings").glob("*.parquet")):
        if path.name.startswith("."):
            continue
        try:
            found = read_columns(path, ["predict"])["predict"].to_numpy().astype(float)
        except (*UNREADABLE, ResultsError) as error:
            log.warning("%s cannot be read (%s); it is left out", path, one_line(str(error), 200))
            continue
        seconds += found[np.isfinite(found) & (found > 0)].tolist()
    return float(np.median(seconds)) if seconds else None
