"""Reads run.json of a run folder, in every format, as a RunRecord, and writes it."""

from pathlib import Path

from robustbench_seg.codec import from_table, to_table
from robustbench_seg.errors import CardError, ResultsError
from robustbench_seg.files import read_json, write_json
from robustbench_seg.records.runs.first_format import upgrade
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.text import one_line

RUN_FILE = "run.json"
FORMAT = 2

_REMOVE = "remove this run folder"


def read_record(folder: Path) -> RunRecord:
    """Read run.json of a run folder, of this format or an older one.

    Raises:
        ResultsError: It is missing, damaged, or has a format that this version does not know.
    """
    path = folder / RUN_FILE
    try:
        table = read_json(path)
    except FileNotFoundError:
        raise ResultsError(f"{folder}: no {RUN_FILE} in it", advice="name a run folder") from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read ({error})", advice=_REMOVE) from error
    number = table.get("format") if isinstance(table, dict) else None
    if type(number) is not int or number not in (1, FORMAT):
        raise ResultsError(
            f"{path} is not a run of this program, or has format {one_line(str(number), 20)}, "
            f"which this version does not know ({FORMAT} is the newest)",
            advice=f"{_REMOVE}, or use a newer version",
        )
    try:
        del table["format"]
        if number == 1:
            table = upgrade(table)
        digest = table.pop("digest", None)
        record = from_table(RunRecord, table, str(path))
    except CardError as error:
        raise ResultsError(str(error), advice=_REMOVE) from error
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
        missing = f"the key {error} is missing" if isinstance(error, KeyError) else None
        why = f"{path}: {missing or 'a field has the wrong type'}"
        raise ResultsError(why, advice=_REMOVE) from error
    if number == FORMAT and digest != record.key.digest:
        raise ResultsError(
            f"{path} was altered: its key does not match its digest", advice="remove this run"
        )
    return record


def write_record(folder: Path, record: RunRecord) -> None:
    """Write run.json of a run folder."""
    table = {"format": FORMAT, "digest": record.key.digest, **to_table(record)}
    write_json(folder / RUN_FILE, table)
