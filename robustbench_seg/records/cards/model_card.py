"""Model cards: the network of a model, the source of its weights and its input preparation.

There is one TOML file per model in the content folder `models`. To add a model of a known
architecture, add a card. A card leaves out unknown facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from robustbench_seg.codec import Range, read_toml, to_toml
from robustbench_seg.content import content_folder, toml_names
from robustbench_seg.errors import CardError, ModelError, unknown
from robustbench_seg.files import checked_path
from robustbench_seg.records.cards.hub_card import list_hub_models
from robustbench_seg.records.cards.weights_source import WeightsSource
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing, Resize
from robustbench_seg.records.values.published_score import Published
from robustbench_seg.records.values.ranges import MAX_CLASSES
from robustbench_seg.records.values.training import Training

NetworkOptions = Mapping[str, Any]
"""Keyword options of a network's constructor, which differ between architectures."""


@dataclass(frozen=True)
class ModelCard:
    """One model.

    Attributes:
        architecture: Name of the architecture, see architectures.build.
        dataset: Name of the dataset whose classes it predicts.
        classes: Number of classes.
        weights: Where its weights come from.
        preprocessing: How an image is normalised.
        inference: How the network processes a large image.
        class_names: Names of the classes, if the dataset is not built-in.
        variant: Keyword options of the architecture.
        resize: The size to which images are scaled. None: images are not scaled.
        published: Its published clean score.
        training: How its weights were trained, if this program trained them.
        name: The name in every table. By default, the card's file name without ".toml".
        folder: The card's folder; set on reading, never in the file.

    Raises:
        CardError: The number of class names differs from the number of classes, or mean and std are
            for values in 0..255.
    """

    architecture: str
    dataset: str
    classes: Annotated[int, Range(1, MAX_CLASSES)]
    weights: WeightsSource
    preprocessing: Preprocessing
    inference: Inference
    class_names: tuple[str, ...] | None = None
    variant: NetworkOptions = field(default_factory=dict)
    resize: Resize | None = None
    published: Published | None = None
    training: Training | None = None
    name: str = ""
    folder: Path = field(default=Path(), compare=False, metadata={"stored": False})

    def __post_init__(self) -> None:
        if self.class_names and len(self.class_names) != self.classes:
            raise CardError(
                f"class_names: expected {self.classes} names, got {len(self.class_names)}"
            )
        self.preprocessing.check_unit_range()

    @property
    def weights_file(self) -> Path | None:
        """The weights next to the card, if its source is "file"."""
        return self.folder / self.weights.location if self.weights.source == "file" else None

    @property
    def weights_origin(self) -> str:
        """Where the weights come from, for tables: "shipped" for a file next to the card."""
        return "shipped" if self.weights_file else self.weights.source


def list_models() -> tuple[str, ...]:
    """List the names of the shipped model cards.

    Returns:
        The names, sorted.

    >>> [name for name in rs.list_models() if "minicity" in name]
    ['deeplabv3plus-mobilenetv2-minicity', 'segformer-b0-minicity']
    """
    return toml_names(content_folder("models"))


def load_card(name_or_path: str | Path) -> ModelCard:
    """Read a card.

    Args:
        name_or_path: A name (see list_models), or the path of a TOML file.

    Raises:
        ModelError: There is no card of this name.
        CardError: The card cannot be read or is wrong.
        FileError: It is not a path.
    """
    if str(name_or_path).endswith(".toml"):
        path = checked_path(name_or_path)
    elif str(name_or_path) in list_models():
        path = content_folder("models") / f"{name_or_path}.toml"
    else:
        if str(name_or_path) in list_hub_models():
            raise ModelError(
                f"{name_or_path} is run by transformers, so it can only be evaluated; choose the "
                "card of an architecture of this package"
            )
        names = (*list_models(), *list_hub_models())
        raise ModelError(unknown("model", str(name_or_path), names, "robustseg models"))
    card = read_toml(ModelCard, path, "model card")
    return replace(card, name=card.name or path.stem, folder=path.parent)


def card_text(card: ModelCard, remark: str) -> str:
    """The TOML of a card with a comment at the top. The file name gives its name."""
    return to_toml(card, remark, without=("name",))
