"""Names of a panel's rows: unique, also where two runs have models of one name."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path


def row_names(runs: Sequence[tuple[str, Path]]) -> list[str]:
    """Return the names of a panel's rows.

    Args:
        runs: Name and run folder of each model.

    Returns:
        The models' names, each once; where two share one, followed by the end of the run folder's
        name, and where that is another's too, by a number.
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
