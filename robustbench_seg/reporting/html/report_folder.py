"""The folder of a report: a new report replaces the earlier one, and no other files."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import cannot_be_written, not_own, path_problem, read_json, write_json

FORMAT = "robustseg report 1"
FILE_LIST = "report.json"
"""The file that lists the files of a report, as paths relative to its folder."""

_PARTIAL = ".report.partial-"


def report_files(out: Path) -> frozenset[str]:
    """Return the files of the report in `out`, as relative paths; empty without a list of them.

    Raises:
        ResultsError: The file with the name of the list is not a list.
    """
    path = out / FILE_LIST
    try:
        listing = read_json(path)
        if listing["format"] != FORMAT:
            raise ValueError
        return frozenset(name for name in listing["files"] if path_problem(name) is None)
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        raise ResultsError(
            f"{path} is not the list of a report's files; remove it, or choose another folder"
        ) from None


@contextmanager
def report_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder; what the caller writes there becomes the report in `out`.

    Files of an earlier report that this one does not have are removed; all other files are kept. If
    the caller raises, `out` does not change.

    Raises:
        ResultsError: See `report_files`; or a folder in `out` is a link that leads out of it.
        FileError: A file cannot be written, or would replace one that is not from a report.
    """
    old, existed = report_files(out), out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        for killed in out.glob(f"{_PARTIAL}*"):
            shutil.rmtree(killed, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=out))
    except OSError as error:
        raise cannot_be_written(out, error) from error
    try:
        yield fresh
        new = {path.relative_to(fresh).as_posix() for path in fresh.rglob("*") if path.is_file()}
        _check_own(out, new - old)
        _check_links(out, old | new)
        _write_list(out, old | new)  # lists all files that may exist if the process ends here
        for name in sorted(new):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(fresh / name, out / name)
        for name in sorted(old - new):
            _remove(out, name)
        _write_list(out, new)
    except OSError as error:
        raise cannot_be_written(Path(error.filename2 or error.filename or out), error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if not existed:
            with suppress(OSError):  # it is not empty
                out.rmdir()


def _check_own(out: Path, names: Iterable[str]) -> None:
    """Refuse to replace files that are not from a report."""
    for name in sorted(names):
        if os.path.lexists(out / name):
            raise not_own(out / name, f"of the report in {out}", "folder")


def _check_links(out: Path, names: Iterable[str]) -> None:
    """Refuse to write or remove files outside the report's folder."""
    root = os.path.realpath(out)
    for folder in sorted({(out / name).parent for name in names}):
        if not Path(os.path.realpath(folder)).is_relative_to(root):
            raise ResultsError(
                f"{folder} points outside {out}, where a report never writes; remove the link, or "
                "choose another folder"
            )


def _write_list(out: Path, names: Iterable[str]) -> None:
    write_json(out / FILE_LIST, {"format": FORMAT, "files": sorted(names)})


def _remove(out: Path, name: str) -> None:
    """Remove a file of `out`, and the folders that are then empty."""
    (out / name).unlink(missing_ok=True)
    for folder in list((out / name).relative_to(out).parents)[:-1]:
        with suppress(OSError):  # it is not empty
            (out / folder).rmdir()
