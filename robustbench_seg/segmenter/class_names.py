"""The class names of a model: checked, and spelt as in its dataset."""

import re
from collections.abc import Iterable, Sequence

from robustbench_seg.errors import ModelError
from robustbench_seg.records.values.ranges import MAX_CLASSES


def listed_names(classes: object, where: str) -> tuple[str, ...]:
    """Check the class names that a user gives.

    Args:
        classes: The user's object.
        where: The model's name in errors.

    Returns:
        The names.

    Raises:
        ModelError: The object is not an ordered collection of names, or has none or too many.
    """
    if isinstance(classes, Iterable) and not isinstance(classes, str | bytes | set | frozenset):
        names = tuple(map(str, classes))
        if 1 <= len(names) <= MAX_CLASSES:
            return names
    raise ModelError(f"{where}: classes must be a list of 1 to {MAX_CLASSES} names")


def class_spelling(names: Sequence[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Spell class names as the dataset does, if all of them mean the dataset's classes.

    Names may differ in case, blanks and further synonyms.

    Args:
        names: Class names of a model.
        wanted: Class names of the dataset. None: unknown.

    Returns:
        The dataset's names if all names match, else the model's.

    >>> class_spelling(["Road", "bed ", "television receiver"], ["road", "bed", "television"])
    ('road', 'bed', 'television')
    >>> class_spelling(["road", "sky"], ["sky", "road"])
    ('road', 'sky')
    """
    if wanted and len(names) == len(wanted) and all(map(_same, names, wanted)):
        return tuple(wanted)
    return tuple(names)


def _same(one: str, other: str) -> bool:
    """Whether two names at the same position mean the same class."""
    short, long = sorted(map(_plain, (one, other)), key=len)
    return long == short or long.startswith(f"{short} ")


def _plain(name: str) -> str:
    return re.split("[;,]", name)[0].strip().lower().replace("_", " ").replace("-", " ")
