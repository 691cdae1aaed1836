"""Marks a folder with the settings of its files, so that files of other settings never mix."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustbench_seg.errors import ResultsError
from robustbench_seg.files import not_own, read_json, write_json


def open_marked_folder(
    folder: Path, mark_name: str, mark: Mapping[str, str], *, one_file: str, all_files: str
) -> Mapping[str, Any]:
    """Mark a new folder, or check the mark of an existing one.

    Args:
        folder: The folder, created if it does not exist.
        mark_name: Name of the file of the mark.
        mark: Content of the mark of a new folder. Its "digest" covers everything on which the files
            depend.
        one_file: The kind of each file of the folder, for errors.
        all_files: The kind of the files of a folder with another digest, for errors.

    Returns:
        The content of the mark, which a new folder shares with `mark`.

    Raises:
        ResultsError: The mark cannot be read, or its digest differs.
        FileError: A folder without a mark has files, or the mark cannot be written.
    """
    path = folder / mark_name
    if not path.exists():
        stray = next((p for p in folder.glob("*") if not p.name.startswith(".")), None)
        if stray is not None:
            raise not_own(stray, one_file, "folder")
        write_json(path, mark)
    try:
        existing = read_json(path)
        digest = existing.get("digest")
    except (OSError, ValueError, AttributeError) as error:
        raise ResultsError(f"{path} cannot be read ({error}); remove this folder") from error
    if digest != mark["digest"]:
        raise ResultsError(f"{folder} holds {all_files}; choose another folder")
    return dict(existing)
