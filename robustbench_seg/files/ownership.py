"""Files of the user, which the outputs of this program never replace."""

import os
from pathlib import Path

from robustbench_seg.errors import FileError
from robustbench_seg.files.paths import checked_path
from robustbench_seg.files.regular import open_regular
from robustbench_seg.text import printable


def not_own(path: Path, what: str, other: str = "place") -> FileError:
    """Return the error for a file that is in the place of an output but was not written by this
    program.

    Args:
        path: The file.
        what: The kind of file that may be replaced, such as "a pack".
        other: What the user can choose instead: another file, folder, name or place.
    """
    return FileError(
        f"{printable(path)} exists and is not {what}; move it, or choose another {other}"
    )


def own_folder(out: Path | str, table: str, header: str, *others: str) -> Path:
    """Return the folder for the output of a command, if `check_own` allows its files.

    Args:
        out: The folder.
        table: Name of the table in it.
        header: How the first line of such a table begins.
        others: Names of the other files in it.

    Raises:
        FileError: See `check_own`; or `out` is not a path.
    """
    folder = checked_path(out)
    check_own(folder / table, header, *(folder / name for name in others))
    return folder


def check_own(table: Path, header: str, *others: Path) -> None:
    """Refuse to replace files that are not an earlier output of the same command.

    A command recognises its own table by the first columns. The files next to it belong to it.

    Args:
        table: A CSV file that is about to be written.
        header: How the first line of such a file begins.
        others: Other files that are written with it.

    Raises:
        FileError: A file exists and is not from such an output.
    """
    other = next((path for path in (table, *others) if os.path.lexists(path)), None)
    if other is None:
        return
    try:
        with open_regular(table) as file:
            own = file.read(len(header.encode())) == header.encode()
    except OSError:
        own = False
    if not own:
        raise not_own(other, "the output of this command")
