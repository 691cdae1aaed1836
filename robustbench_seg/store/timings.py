"""Times of a run's model, from the store's timings. Comparisons of runs ignore them."""

import logging
from pathlib import Path

import numpy as np

from robustbench_seg.errors import ResultsError
from robustbench_seg.store.parts import UNREADABLE, read_columns
from robustbench_seg.text import one_line

log = logging.getLogger(__name__)


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
