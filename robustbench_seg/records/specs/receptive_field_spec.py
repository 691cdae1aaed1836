"""The options of `erf` as one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from robustbench_seg.codec import check_ranges
from robustbench_seg.errors import OptionError
from robustbench_seg.records.specs.spec_values import spec_values
from robustbench_seg.records.values.defaults import DATASET, SPLIT
from robustbench_seg.records.values.image_size import Size, check_size
from robustbench_seg.records.values.ranges import Images


@dataclass(frozen=True, kw_only=True)
class ReceptiveFieldSpec:
    """Which models to measure on which images, and how.

    Attributes:
        models: Names of model cards, or card files.
        data: Root folder of the dataset. None: its default.
        dataset: Name of the dataset, or its TOML file.
        split: Split of the dataset.
        images: Number of images, 1 to 100,000: the first one of as many equal parts of the split;
            all images if it has fewer.
        size: Height and width of the central crop, in pixels. None: the largest multiple of 64, up
            to 1024x1024, that fits the first image at the input of every network.
        weights: Weights that replace those of the card, see load_model. Random ones ("none") add
            "-untrained" to the names of the models.
        device: A torch device.

    Raises:
        OptionError: There is no model, or a number is out of range.
    """

    models: tuple[str, ...]
    data: Path | None = None
    dataset: str = DATASET
    split: str = SPLIT
    images: Images = 20
    size: Size | None = None
    weights: str | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not self.models:
            raise OptionError("give a model: the name of a card, or a card file")
        if self.size is not None:
            check_size(self.size)
        check_ranges(self)


class ReceptiveFieldOptions(TypedDict, total=False):
    """Fields of ReceptiveFieldSpec except models, as users write them."""

    data: str | Path | None
    dataset: str | Path
    split: str
    images: int
    size: Size | None
    weights: str | Path | None
    device: str


def receptive_field_spec(
    models: str | Path | Sequence[str | Path], **options: Unpack[ReceptiveFieldOptions]
) -> ReceptiveFieldSpec:
    """Build a ReceptiveFieldSpec from keyword options, as users write them.

    Args:
        models: A name of a model card, a card file, or several of them.
        **options: The other fields of ReceptiveFieldSpec.

    Raises:
        OptionError: An option does not exist or has no such value.
    """
    given = {"models": models, **options}
    return ReceptiveFieldSpec(**spec_values(ReceptiveFieldSpec, given, "option of erf"))
