"""A text file that names the images of a split, as in Pascal VOC."""

from collections.abc import Collection, Sequence
from pathlib import Path

from robustbench_seg.datasets.custom.glob_pairs import GlobPairs
from robustbench_seg.errors import DatasetError
from robustbench_seg.files import check_regular


def listed(file: Path, globs: GlobPairs, found: Collection[str]) -> list[str]:
    """Find the images that a list names.

    Args:
        file: The list, UTF-8. A line contains the text for the stars of the globs, separated by /,
            or the path of an image. Empty lines are skipped.
        globs: The globs of the images.
        found: Paths of the images that the globs find.

    Returns:
        Paths of the listed images, sorted, without repetition.

    Raises:
        DatasetError: The list cannot be read or is empty, or a line names no image or several.
    """
    by_name = dict[str, list[str]]()
    for image in found:
        for name in {image, *globs.keys(image)}:
            by_name.setdefault(name, []).append(image)
    images = set[str]()
    for number, name in enumerate(map(str.strip, _lines(file)), 1):
        if not name:
            continue
        named = by_name.get(name.removeprefix("/"), [])
        if len(named) > 1:
            raise DatasetError(
                f"{file}: line {number}: '{name}' matches both {named[0]} and {named[1]}; write "
                "the path of one of them"
            )
        if not named:
            raise DatasetError(f"{file}: line {number}: {_unknown(name, globs)}")
        images.update(named)
    if not images:
        raise DatasetError(f"{file}: the list names no image; write one name per line")
    return sorted(images)


def _lines(file: Path) -> Sequence[str]:
    try:
        check_regular(file)
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise DatasetError(f"{file}: the list of images cannot be read ({reason})") from error


def _unknown(name: str, globs: GlobPairs) -> str:
    """Return a message that no image has this name, with an example of a name."""
    first = globs.pairs[0].images[0]
    pieces = name.split("/")
    if len(pieces) == len(first.stars) and "**/" not in first.stars:
        return f"there is no {first.filled(pieces)}; write what * matches in '{first.text}'"
    several = " (several *: separate their texts by /)" if len(first.stars) > 1 else ""
    return f"'{name}' does not match * in '{first.text}'{several}"
