"""The view of a panel for the template of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from robustbench_seg.reporting.html.elsewhere_table import elsewhere_table
from robustbench_seg.reporting.html.figure import PageFigure
from robustbench_seg.reporting.html.table import Table
from robustbench_seg.reporting.page.album import Album, album
from robustbench_seg.reporting.page.benchmark_section import BenchmarkSection, benchmark_section
from robustbench_seg.reporting.page.claims_table import claims_table
from robustbench_seg.reporting.page.class_table import class_losses_text, class_table
from robustbench_seg.reporting.page.drop_table import drop_table
from robustbench_seg.reporting.page.figures import PanelFigures
from robustbench_seg.reporting.page.hardest_images import HardestView, hardest_views
from robustbench_seg.reporting.page.panel_ranking import panel_ranking
from robustbench_seg.reporting.page.perturbation_table import perturbation_table
from robustbench_seg.reporting.page.score_sections import (
    ScoreSection,
    confidence_section,
    failure_section,
)
from robustbench_seg.reporting.panels import Panel, finding_sentences, is_established

Content = (
    Table | PageFigure | ScoreSection | Album | BenchmarkSection | Sequence[HardestView] | None
)


@dataclass(frozen=True)
class PageSection:
    """A section of a panel; its id decides how the template shows the content."""

    heading: str
    content: Content


@dataclass(frozen=True)
class PanelView:
    """The view of a panel for the template.

    Attributes:
        id: The beginning of its identifiers.
        name: Its heading.
        noun: The word for its perturbations, such as "corruption".
        over: The perturbations in its means, in words.
        extent: The numbers of runs, images and classes.
        finding: Sentences.
        is_established: Whether the most robust model is significantly better than all others.
        warnings: Sentences.
        sections: Maps the end of an identifier to its section, in the order of the page; those
            without content are left out.
        figures: Its figures; those of classes and confidence are inside their sections.
        class_losses: The classes that lose most.
    """

    id: str
    name: str
    noun: str
    over: str
    extent: str
    finding: Sequence[str]
    is_established: bool
    warnings: Sequence[str]
    sections: Mapping[str, PageSection]
    figures: PanelFigures
    class_losses: str


def panel_view(panel: Panel, slug: str, figures: PanelFigures, picture_width: int) -> PanelView:
    """Return the view of a panel for the template.

    Args:
        panel: The panel.
        slug: The beginning of its identifiers.
        figures: Its figures.
        picture_width: Width of thumbnails in pixels. 0: no pictures.
    """
    return PanelView(
        id=slug,
        name=panel.name,
        noun=panel.protocol.words.noun,
        over=panel.protocol.words.over,
        extent=panel.extent,
        finding=finding_sentences(panel),
        is_established=is_established(panel),
        warnings=panel.warnings,
        sections=_sections(panel, figures, picture_width),
        figures=figures,
        class_losses=class_losses_text(panel),
    )


def _sections(panel: Panel, figures: PanelFigures, picture_width: int) -> Mapping[str, PageSection]:
    noun, benchmark = panel.protocol.words.noun, benchmark_section(panel)
    cells = perturbation_table(panel.miou, panel, panel.name)
    classes = class_table(panel) if figures.heatmaps else None  # no class has a score
    pictures = album(panel, picture_width) if picture_width else None
    elsewhere = elsewhere_table(panel.published.not_shown, panel.dataset)
    published = f"For reference: published {benchmark.name if benchmark else ''}"
    sections: Mapping[str, tuple[str, Content]] = {
        "ranking": ("Ranking", panel_ranking(panel)),
        "drops": ("Clear against adverse conditions", drop_table(panel)),
        "corruptions": (f"mIoU by {noun}", cells),
        "severities": (f"By {'radius' if noun == 'attack' else 'severity'}", figures.curves),
        "classes": ("Classes", classes),
        "where": ("Where does it fail?", failure_section(panel)),
        "knows": ("Is its confidence reliable?", confidence_section(panel)),
        "pictures": ("Pictures", pictures),
        "hardest": ("Hardest images", hardest_views(panel, picture_width // 2)),
        "cost": ("Accuracy against cost", figures.cost),
        "published": (published, benchmark),
        "elsewhere": ("Other published scores, and why they are not ranked", elsewhere),
        "claims": ("What papers claim", claims_table(panel)),
    }
    return {
        end: PageSection(heading, content)
        for end, (heading, content) in sections.items()
        if content
    }
