"""The forms of the labels of a dataset: where a label file is, and what its ids mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LabelForm:
    """One form of a dataset's label files.

    Attributes:
        path_of: Relative path of an image -> relative path of its labels.
        table: Id in such a file -> class index (see FileDataset).
        companions: Relative path of an image -> further label files. Those that exist are kept.
        instances: Relative path of an image -> that of the file that tells instances apart, if it
            exists.
    """

    path_of: Callable[[str], str]
    table: NDArray[np.uint8]
    companions: Callable[[str], Sequence[str]] = field(default=lambda image: ())
    instances: Callable[[str], str | None] = field(default=lambda image: None)


def forms_by_ending(
    path_of: Callable[[str, str], str],
    tables: Mapping[str, NDArray[np.uint8]],
    further: Sequence[str],
    instances: str | None = None,
) -> list[LabelForm]:
    """Return the forms of labels of a dataset whose label files of an image differ by their ending.

    Args:
        path_of: (relative path of an image, ending) -> relative path of the label file.
        tables: Ending of a form -> its table.
        further: Endings of further label files, the companions of either form.
        instances: Ending of the file that tells instances apart.
    """

    def companions(image: str) -> Sequence[str]:
        return [path_of(image, ending) for ending in (*tables, *further)]

    def instances_of(image: str) -> str | None:
        return None if instances is None else path_of(image, instances)

    def form(ending: str, table: NDArray[np.uint8]) -> LabelForm:
        return LabelForm(lambda image: path_of(image, ending), table, companions, instances_of)

    return [form(ending, table) for ending, table in tables.items()]
