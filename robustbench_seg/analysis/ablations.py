"""The paper's ablations as data: which networks differ in what, and the rows they stand beside."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

from robustbench_seg.cards import parse
from robustbench_seg.errors import ModelError, unknown
from robustbench_seg.model_cards import Inference, ModelCard, WeightsSource, load_card

_FOLDER = "robustbench_seg.content.models"


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
class Ablation:
    """One ablation of the SegFormer paper.

    table, score: the published table and its column of mIoU
    paper, small: settings that all variants share, as in the paper and scaled down
    paper_crop, small_crop: side of the training crop in pixels, which is also the window of the
        second test; None: the recipe's crop, and no second test
    """

    title: str
    table: str
    score: str
    paper: dict[str, Any]
    small: dict[str, Any]
    variant: tuple[AblationVariant, ...]
    paper_crop: int | None = None
    small_crop: int | None = None

    def select(self, names: Sequence[str]) -> tuple[AblationVariant, ...]:
        """The variants of these names, in the ablation's order; all if none is given.

        Raises ModelError for a name that there is none of.
        """
        known = [variant.name for variant in self.variant]
        for name in names:
            if name not in known:
                raise ModelError(unknown("variant", name, known))
        return tuple(v for v in self.variant if not names or v.name in names)

    def crop(self, full: bool) -> int | None:
        """Side of the training crop, where the ablation is about it."""
        return self.paper_crop if full else self.small_crop

    def card(self, variant: AblationVariant, full: bool) -> ModelCard:
        """A variant's card: for training, without weights."""
        settings = {**(self.paper if full else self.small), **variant.settings}
        if "backbone" in settings:
            settings.pop("size")
        crop = self.crop(full)
        if variant.position_grid and crop:
            settings["position_grid"] = [crop, crop]
        return replace(
            load_card("segformer-b0"),
            name=variant.name,
            variant=settings,
            weights=WeightsSource("none"),
            inference=Inference("whole"),
            published=None,
        )


def list_ablations() -> tuple[str, ...]:
    """The names of the ablations, sorted."""
    folder = resources.files(_FOLDER) / "ablations"
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir()))


def load_ablation(name: str) -> Ablation:
    """Read an ablation by its name. ModelError if there is none of it."""
    if name not in list_ablations():
        raise ModelError(unknown("ablation", name, list_ablations()))
    file = resources.files(_FOLDER) / "ablations" / f"{name}.toml"
    return parse(Ablation, file.read_text(encoding="utf-8"), str(file))
