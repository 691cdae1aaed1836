"""Names of the rows of a ranking, which are unique even if models have the same name."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path


def row_names(runs: Sequence[tuple[str, Path]]) -> list[str]:
    """Return the names of the rows of a ranking.

    Args:
        runs: Name and run folder of each model.

    Returns:
        Unique names: the names of the models. Names that two models share are followed by the end
        of the run folder's name or, if this is not unique, by a number.
    """
    models = [model for model, _ in runs]
    names = list[str]()
    for model, folder in runs:
        end = folder.name.rsplit("-", 1)[-1]
        name = model if models.count(model) == 1 else f"{model} [{end}]"
        taken = {*names, *(other for other in models if other != model)}
        names.append(next(n for n in _numbered(name) if n not in taken))
    return names


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} ({number})" for number in count(2))
