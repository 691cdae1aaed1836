"""The forms of a dataset's labels: the place of a label file, and the meaning of its ids."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LabelForm:
    """One form of a dataset's label files.

    Attributes:
        path_of: Maps the relative path of an image to that of its labels.
        table: Maps ids in such a file to class indices (see SplitFiles).
        colours: Maps a colour in such an RGB file to its id. None: RGB files are refused.
        companions: Maps the relative path of an image to further label files. Existing ones are
            kept.
        instances: Maps the relative path of an image to that of the file with its instances, if it
            exists.
    """

    path_of: Callable[[str], str]
    table: NDArray[np.uint8]
    _: KW_ONLY
    colours: Mapping[str, int] | None = None
    companions: Callable[[str], Sequence[str]] = field(default=lambda image: ())
    instances: Callable[[str], str | None] = field(default=lambda image: None)


def forms_by_ending(
    path_of: Callable[[str, str], str],
    tables: Mapping[str, NDArray[np.uint8]],
    further: Sequence[str],
    instances: str | None = None,
) -> list[LabelForm]:
    """Return the forms of a dataset's labels whose files differ by their ending.

    Args:
        path_of: Maps (relative path of an image, ending) to the relative path of the label file.
        tables: Maps the ending of a form to its table.
        further: Endings of further label files, the companions of every form.
        instances: Ending of the file with the instances.
    """

    def companions(image: str) -> Sequence[str]:
        return [path_of(image, ending) for ending in (*tables, *further)]

    def instances_of(image: str) -> str | None:
        return None if instances is None else path_of(image, instances)

    def form(ending: str, table: NDArray[np.uint8]) -> LabelForm:
        return LabelForm(
            lambda image: path_of(image, ending),
            table,
            companions=companions,
            instances=instances_of,
        )

    return [form(ending, table) for ending, table in tables.items()]
