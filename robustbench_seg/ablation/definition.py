"""The paper's ablations as data: which networks differ in what, and the rows they stand beside."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

from robustbench_seg.cards import parse
from robustbench_seg.errors import ModelError, unknown
from robustbench_seg.records.model_card import (
    CONTENT,
    Inference,
    ModelCard,
    WeightsSource,
    load_card,
)


@dataclass(frozen=True)
class AblationVariant:
    """One network of an ablation.

    settings:      of architecture segformer
    position_grid: whether it learns positions at the size of its training crop
    row:           its row of the published table, as column -> printed value
    windows_row:   the same for the test in windows of the training crop
    """

    name: str
    row: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)
    position_grid: bool = False
    windows_row: dict[str, str] | None = None

    @property
    def takes_encoder(self) -> bool:
        """Whether published weights of a Mix Transformer fit its encoder."""
        return "backbone" not in self.settings and not self.position_grid

    @property
    def tests(self) -> dict[str, dict[str, str]]:
        """Each way in which it is tested, by the name of the model there: its published row."""
        windows = {f"{self.name}-windows": self.windows_row} if self.windows_row else {}
        return {self.name: self.row, **windows}


@dataclass(frozen=True)
class AblationScale:
    """How large an ablation is.

    card:     of a model whose normalisation and resizing all variants share
    settings: of architecture segformer; all variants share them
    dataset:  what is trained on
    iterations, batch: of each training
    crop:     side of its crops in pixels, and of the windows where there is a test in windows
    options:  further ones of `robustseg train`
    """

    card: str
    settings: dict[str, Any]
    dataset: str
    iterations: int
    batch: int
    crop: int
    options: str = ""


@dataclass(frozen=True)
class Ablation:
    """One ablation of the SegFormer paper.

    table, score: the published table and its column of mIoU
    full, small:  as the paper ran it, and scaled down
    """

    title: str
    table: str
    score: str
    full: AblationScale
    small: AblationScale
    variant: tuple[AblationVariant, ...]

    def select(self, names: Sequence[str]) -> tuple[AblationVariant, ...]:
        """The variants of these names, in the ablation's order; all if none is given.

        Raises ModelError for a name that there is none of.
        """
        known = [variant.name for variant in self.variant]
        for name in names:
            if name not in known:
                raise ModelError(unknown("variant", name, known))
        return tuple(v for v in self.variant if not names or v.name in names)

    def scale(self, full: bool) -> AblationScale:
        """How large it is, as the paper ran it or scaled down."""
        return self.full if full else self.small

    def card(self, variant: AblationVariant, full: bool) -> ModelCard:
        """A variant's card: for training, without weights."""
        scale = self.scale(full)
        settings = {**scale.settings, **variant.settings}
        if "backbone" in settings:
            settings.pop("size")
        if variant.position_grid:
            settings["position_grid"] = [scale.crop, scale.crop]
        return replace(
            load_card(scale.card),
            name=variant.name,
            variant=settings,
            weights=WeightsSource("none"),
            inference=Inference("whole"),
            published=None,
        )


def list_ablations() -> tuple[str, ...]:
    """The names of the ablations, sorted."""
    folder = resources.files(CONTENT) / "ablations"
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir()))


def load_ablation(name: str) -> Ablation:
    """Read an ablation by its name. ModelError if there is none of it."""
    if name not in list_ablations():
        raise ModelError(unknown("ablation", name, list_ablations()))
    file = resources.files(CONTENT) / "ablations" / f"{name}.toml"
    return parse(Ablation, file.read_text(encoding="utf-8"), str(file))
