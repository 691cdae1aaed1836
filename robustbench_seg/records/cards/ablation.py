"""The paper's ablations as data: how the networks differ, and the published rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from robustbench_seg.codec import parse_toml
from robustbench_seg.content import content_folder, toml_names
from robustbench_seg.errors import ModelError, unknown
from robustbench_seg.records.cards.model_card import ModelCard, NetworkOptions, load_card
from robustbench_seg.records.cards.weights_source import WeightsSource
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.records.values.training_recipe import TrainingRecipe


@dataclass(frozen=True)
class AblationVariant:
    """One network of an ablation.

    Attributes:
        name: Its name in every table.
        row: Its row of the published table; maps columns to printed values.
        settings: Parameters of the architecture segformer.
        position_grid: Whether it learns positions at the size of its training crop.
        windows_row: Its row for the test in windows of the training crop, if there is one.
    """

    name: str
    row: Mapping[str, str]
    settings: NetworkOptions = field(default_factory=dict)
    position_grid: bool = False
    windows_row: Mapping[str, str] | None = None

    @property
    def takes_encoder(self) -> bool:
        """Whether published weights of a Mix Transformer fit its encoder."""
        return "backbone" not in self.settings and not self.position_grid

    @property
    def tests(self) -> Mapping[str, Mapping[str, str]]:
        """Maps the name of the model in each test to its published row."""
        windows = {f"{self.name}-windows": self.windows_row} if self.windows_row else {}
        return {self.name: self.row, **windows}


@dataclass(frozen=True)
class AblationScale:
    """The scale of an ablation.

    Attributes:
        card: Name of a model card whose normalisation and resizing all variants share.
        settings: Parameters of the architecture segformer that all variants share.
        dataset: Name of the dataset that is trained on and scored.
        recipe: The recipe of each training; its crops are square, and are also the windows of a
            test in windows.
    """

    card: str
    settings: NetworkOptions
    dataset: str
    recipe: TrainingRecipe


@dataclass(frozen=True)
class Ablation:
    """One ablation of the SegFormer paper.

    Attributes:
        title: What is compared.
        table: The published table.
        score: Its column of mIoU.
        full: The ablation as in the paper.
        small: The same, scaled down.
        variant: Its networks.
    """

    title: str
    table: str
    score: str
    full: AblationScale
    small: AblationScale
    variant: tuple[AblationVariant, ...]

    def select(self, names: Sequence[str]) -> tuple[AblationVariant, ...]:
        """The variants of these names, in the ablation's order; all if none is given.

        Raises:
            ModelError: A name is not that of a variant.
        """
        known = [variant.name for variant in self.variant]
        for name in names:
            if name not in known:
                raise ModelError(unknown("variant", name, known))
        return tuple(v for v in self.variant if not names or v.name in names)

    def scale(self, *, full: bool) -> AblationScale:
        """The scale of the ablation: as in the paper, or scaled down."""
        return self.full if full else self.small

    def card(self, variant: AblationVariant, *, full: bool) -> ModelCard:
        """A variant's card: for training, without weights."""
        scale = self.scale(full=full)
        settings = {**scale.settings, **variant.settings}
        if "backbone" in settings:
            settings.pop("size")
        if variant.position_grid:
            settings["position_grid"] = list(scale.recipe.crop)
        return replace(
            load_card(scale.card),
            name=variant.name,
            variant=settings,
            weights=WeightsSource("none"),
            inference=Inference("whole"),
            published=None,
        )


def list_ablations() -> tuple[str, ...]:
    """List the names of the ablations.

    Returns:
        The names, sorted.

    >>> rs.list_ablations()
    ('encoders', 'positions', 'width')
    """
    return toml_names(content_folder("models") / "ablations")


def load_ablation(name: str) -> Ablation:
    """Read an ablation by its name.

    Raises:
        ModelError: There is no ablation of this name.
    """
    if name not in list_ablations():
        raise ModelError(unknown("ablation", name, list_ablations()))
    file = content_folder("models") / "ablations" / f"{name}.toml"
    return parse_toml(Ablation, file.read_text(encoding="utf-8"), str(file))
