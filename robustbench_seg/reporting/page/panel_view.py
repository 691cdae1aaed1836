"""What the page's template shows of a panel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from robustbench_seg.reporting.html.elsewhere_table import elsewhere_table
from robustbench_seg.reporting.html.table import Table
from robustbench_seg.reporting.page.album import Album, album
from robustbench_seg.reporting.page.benchmark_section import BenchmarkSection, benchmark_section
from robustbench_seg.reporting.page.cells_table import cells_table
from robustbench_seg.reporting.page.claims_table import claims_table
from robustbench_seg.reporting.page.class_table import class_losses_text, class_table
from robustbench_seg.reporting.page.drop_table import drop_table
from robustbench_seg.reporting.page.figures import PanelFigures
from robustbench_seg.reporting.page.hardest_images import HardestView, hardest_views
from robustbench_seg.reporting.page.ranking_table import ranking_table
from robustbench_seg.reporting.page.score_sections import (
    ScoreSection,
    confidence_section,
    failure_section,
)
from robustbench_seg.reporting.panels import Panel, finding_sentences, is_established


@dataclass(frozen=True)
class PanelView:
    """What the template shows of a panel.

    Attributes:
        id: The beginning of its identifiers.
        name: Its heading.
        noun: What its protocol lists, such as "corruption".
        over: What its means are over, in words.
        extent: The numbers of runs, images and classes.
        finding: Sentences.
        warnings: Sentences.
        ranking: The most robust model first.
        drops: Clear against adverse conditions at the same places; None without references.
        cells: Model x corruption.
        benchmark: The published table of the protocol's benchmark; None if its rows rank, or
            there is none.
        elsewhere: Other published results of the dataset, and why they do not rank; None if there
            are none.
        is_established: Whether the most robust model is shown to be better than all others.
        claims: Claims of papers; None without published results.
        figures: Its figures.
        classes: Class x model; None if no class has a score.
        class_losses: Which classes lose most.
        failures: Where the models fail; None without such scores.
        confidence: Whether confidence tells when they fail, or why this is unknown.
        album: Pictures of one image; None without any.
        hardest: The hardest images of each model.
    """

    id: str
    name: str
    noun: str
    over: str
    extent: str
    finding: Sequence[str]
    warnings: Sequence[str]
    ranking: Table
    drops: Table | None
    cells: Table
    benchmark: BenchmarkSection | None
    elsewhere: Table | None
    is_established: bool
    claims: Table | None
    figures: PanelFigures
    classes: Table | None
    class_losses: str
    failures: ScoreSection | None
    confidence: ScoreSection
    album: Album | None
    hardest: Sequence[HardestView]

    @property
    def sections(self) -> Mapping[str, str]:
        """End of the identifier and heading of each section, in the order of the page."""
        over = "radius" if self.noun == "attack" else "severity"
        benchmark = self.benchmark.name if self.benchmark else ""
        sections = {
            "ranking": ("Ranking", self.ranking),
            "drops": ("Clear against adverse conditions", self.drops),
            "corruptions": (f"mIoU by {self.noun}", self.cells),
            "severities": (f"By {over}", self.figures.curves),
            "classes": ("Classes", self.classes),
            "where": ("Where does it fail?", self.failures),
            "knows": ("Does it know?", self.confidence),
            "pictures": ("Pictures", self.album),
            "hardest": ("Hardest images", self.hardest),
            "cost": ("Accuracy against cost", self.figures.cost),
            "published": (f"For reference: published {benchmark}", self.benchmark),
            "elsewhere": ("Other published scores, and why they do not rank", self.elsewhere),
            "claims": ("What papers claim", self.claims),
        }
        return {end: heading for end, (heading, content) in sections.items() if content}


def panel_view(
    panel: Panel, slug: str, figures: PanelFigures, picture_width: int, drops: pd.DataFrame
) -> PanelView:
    """Return what the page shows of a panel.

    Args:
        panel: The panel.
        slug: The beginning of its identifiers.
        figures: Its figures.
        picture_width: Width of thumbnails in pixels. 0: no pictures.
        drops: Its drops; see panels.drop_rows.
    """
    return PanelView(
        id=slug,
        name=panel.name,
        noun=panel.protocol.noun,
        over=panel.protocol.over,
        extent=panel.extent,
        finding=finding_sentences(panel),
        warnings=panel.warnings,
        ranking=ranking_table(panel),
        drops=drop_table(drops, panel.sampling_unit),
        cells=cells_table(panel.scores, panel, panel.name),
        benchmark=benchmark_section(panel),
        elsewhere=elsewhere_table(panel.published.not_shown, panel.dataset),
        is_established=is_established(panel),
        claims=claims_table(panel),
        figures=figures,
        classes=class_table(panel) if figures.heatmaps else None,
        class_losses=class_losses_text(panel),
        failures=failure_section(panel),
        confidence=confidence_section(panel),
        album=album(panel, picture_width) if picture_width else None,
        hardest=hardest_views(panel, picture_width // 2),
    )
