"""How long a run's model took, from the store's timings. They are no part of any equality."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from robustbench_seg.errors import ResultsError


def median_seconds(folder: Path) -> float | None:
    """Compute the median seconds from an image to its labels in a run.

    Other images are corrupted and scored on the same machine meanwhile.

    Args:
        folder: The run folder.

    Returns:
        Seconds; None where no timings were kept.

    Raises:
        ResultsError: The timings cannot be read.
    """
    files = sorted((folder / "timings").glob("*.parquet"))
    files = [file for file in files if not file.name.startswith(".")]
    try:
        columns = [_predict(file) for file in files]
    except (OSError, pa.ArrowException, KeyError) as error:
        why = str(error).splitlines()[0]
        raise ResultsError(
            f"{folder / 'timings'} cannot be read ({why}); remove that folder: no score needs it"
        ) from None
    return float(np.median(np.concatenate(columns))) if columns else None


def _predict(path: Path) -> pa.ChunkedArray:
    with open(path, "rb") as file:  # Arrow takes a name with a colon for an address
        return pq.read_table(file, columns=["predict"])["predict"]
