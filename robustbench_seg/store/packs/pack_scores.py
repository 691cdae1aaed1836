"""scores.csv of a pack: writes the scores of each condition, and checks them against the parts."""

import io
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from robustbench_seg.measures import MEASURES
from robustbench_seg.store.condition_scores import condition_scores
from robustbench_seg.store.tables import read_counts

_KEYS = ["corruption", "severity", "metric"]
COLUMNS = [*_KEYS, "images", "value"]

DIGITS = 4
"""Number of decimals of a score."""

_TOLERANCE = 2 * 10.0**-DIGITS
"""Tolerance for scores, because another machine may round sums differently."""

MAX_BYTES = 16 << 20
"""Maximum size of scores.csv, in bytes."""


def pack_scores(folder: Path) -> pd.DataFrame:
    """Score each condition of a run by every measure.

    Args:
        folder: The run folder.

    Returns:
        Columns corruption, severity, metric, images (number of scored images) and value (percent).
        A row for each condition and score for which the run has counts.
    """
    results = read_counts(folder)
    tables = []
    for measure in MEASURES:
        scored = condition_scores(results, measure)
        names = [info.name for info in measure.infos]
        tables.append(
            scored.melt(["corruption", "severity", "images"], names, "metric", "value")[COLUMNS]
        )
    table = pd.concat([table for table in tables if len(table)] or tables[:1])
    return table.sort_values(_KEYS, kind="stable", ignore_index=True)


def scores_text(table: pd.DataFrame) -> str:
    """Return the table as CSV."""
    return table.to_csv(index=False, lineterminator="\n", float_format=f"%.{DIGITS}f")


def contradictions(data: bytes, table: pd.DataFrame, laws: Mapping[str, int]) -> Iterator[str]:
    """Compare a scores.csv of unknown origin with the scores that follow from the parts.

    Scores of a measure whose law version has changed since are not compared.

    Args:
        data: The file.
        table: The scores that follow from the parts (see pack_scores).
        laws: Maps each measure to the law version with which the file was computed.

    Yields:
        A description of each contradiction.
    """
    try:
        stated = _parsed(data)
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        yield f"it is not a table of scores ({error!s:.100})"
        return
    compared = {
        info.name
        for measure in MEASURES
        for info in measure.infos
        if laws.get(measure.name) == measure.law
    }
    found = {key: row for key, row in _rows(table).items() if key[2] in compared}
    stated = {key: row for key, row in stated.items() if key[2] in compared}
    for key in dict.fromkeys((*stated, *found)):
        text = f"{key[2]} of {key[0]} {key[1]}"
        if key not in stated:
            yield f"{text} is missing"
        elif key not in found:
            yield f"{text} has no rows in the parts"
        elif not _agree(stated[key], found[key]):
            (images, value), (counted, score) = stated[key], found[key]
            yield (
                f"{text} is {value:.{DIGITS}f} for {images} images, but {score:.{DIGITS}f} for "
                f"{counted} in the parts"
            )


_Rows = Mapping[tuple[str, int, str], tuple[int, float]]


def _parsed(data: bytes) -> _Rows:
    if len(data) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
    table = pd.read_csv(io.BytesIO(data), keep_default_na=True)
    if list(table.columns) != COLUMNS:
        raise ValueError(f"its columns are not {', '.join(COLUMNS)}")
    table = table.astype({"severity": "int64", "images": "int64", "value": "float64"})
    if table.duplicated(_KEYS).any():
        raise ValueError("it lists a row twice")
    return _rows(table)


def _rows(table: pd.DataFrame) -> _Rows:
    return {
        (str(name), int(severity), str(metric)): (int(images), float(value))
        for name, severity, metric, images, value in table[COLUMNS].itertuples(index=False)
    }


def _agree(one: tuple[int, float], other: tuple[int, float]) -> bool:
    (images, value), (counted, score) = one, other
    close = math.isclose(value, score, rel_tol=1e-6, abs_tol=_TOLERANCE)
    return images == counted and (close or (math.isnan(value) and math.isnan(score)))
