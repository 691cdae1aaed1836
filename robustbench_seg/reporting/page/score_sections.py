"""The sections of further scores: where a model fails, and how reliable its confidence is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from robustbench_seg.measures import (
    LIKELIHOOD_SCORES,
    SCALED_CONFIDENCE,
    WORST_SHARE,
    ScoreInfo,
    Section,
)
from robustbench_seg.records.runs.class_map_record import NO_LIKELIHOOD
from robustbench_seg.reporting.html.definitions import Definition
from robustbench_seg.reporting.html.table import (
    INTERVALS_NOTE,
    Cell,
    Column,
    ColumnGroup,
    Table,
    TableRow,
)
from robustbench_seg.reporting.panels import Panel, missing_confidence
from robustbench_seg.reporting.ranking.estimate import digits, interval_ends, interval_text
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import (
    PERCENT,
    RANKING_SCORE,
    Draws,
    ScoreDraws,
    score_of,
    worst_corruption,
)
from robustbench_seg.text import counted, enumeration, number

_WITH_CLASS_MAP = (
    "the confidence is that of the predicted class, before the class map merges classes; no NLL "
    f"and no Brier score: {NO_LIKELIHOOD}"
)

_CONFIDENCE = (
    "These scores show whether confidence, the largest probability of a pixel, falls with accuracy "
    "(calibration), and whether it distinguishes right from wrong pixels."
)


_SCALED = Definition(
    "scaled",
    "A score of confidence after temperature scaling: the logits are divided by a temperature "
    "before the softmax.",
)


@dataclass(frozen=True)
class ScoreSection:
    """A section of further scores.

    Attributes:
        intro: What it is about.
        chief: The most important scores, clean and corrupted, for each model; None if there are
            none.
        every: All scores of the section; None if these are only the chief ones.
        without_scores: Sentences about models or trainings without such scores, and the reasons.
    """

    intro: str
    chief: Table | None
    every: Table | None
    without_scores: Sequence[str] = ()


def failure_section(panel: Panel) -> ScoreSection | None:
    """Return boundaries, objects, groups of classes and worst cases; None without any."""
    section = _section(panel, "failures", "where it fails", worst=True)
    return section and replace(section, intro=_failures_text(_infos(panel, "failures")))


def _failures_text(infos: Sequence[ScoreInfo]) -> str:
    """Return what the scores are about, without parts that no model has."""
    keys = {info.key for info in infos}
    parts = {
        "of pixels near class boundaries and elsewhere": any("boundary" in key for key in keys),
        "of objects by size": any("object_recall" in key for key in keys),
        "of groups of classes": any(info.name == "group_iou" for info in infos),
        "of the worst cases": True,
    }
    return f"Scores {enumeration([part for part, is_there in parts.items() if is_there])}."


def confidence_section(panel: Panel) -> ScoreSection:
    """Return the scores of calibration and of the detection of wrong pixels by confidence."""
    section = _section(panel, "confidence", "confidence") or ScoreSection("", None, None)
    reasons = dict[str, list[str]]()
    for model in panel.models:
        if why := missing_confidence(model):
            reasons.setdefault(why, []).append(model.name)
        elif model.record.key.class_map:
            reasons.setdefault(_WITH_CLASS_MAP, []).append(model.name)
    without = [f"{', '.join(names)}: {why}." for why, names in reasons.items()]
    return replace(section, intro=_CONFIDENCE, without_scores=[*section.without_scores, *without])


def score_definitions(panel: Panel) -> list[Definition]:
    """Return the definitions of the scores in both sections; only chief ones are printed."""
    found = list[Definition]()
    sections: Sequence[Section] = ("failures", "confidence")
    for section in sections:
        infos = _infos(panel, section)
        chief = _chief(infos)
        raw = [info for info in infos if info not in SCALED_CONFIDENCE.infos]
        found += [Definition(info.label, info.definition, info in chief) for info in raw]
        if len(raw) < len(infos):
            found.append(_SCALED)
    return found


def _infos(panel: Panel, section: Section) -> Sequence[ScoreInfo]:
    """Return the scores of a section that any model has, in the order of the measures."""
    found = dict[str, ScoreInfo]()
    for model in panel.models:
        for key, score in model.scores.by_key.items():
            values = score_of(score.summary.clean), score_of(score.summary.mean)
            if score.info.section == section and not all(map(math.isnan, values)):
                found.setdefault(key, score.info)
    return list(found.values())


def _chief(infos: Sequence[ScoreInfo]) -> Sequence[ScoreInfo]:
    """Return the chief scores in their order, with only the first of several groups."""
    chief = dict[str, ScoreInfo]()
    for info in infos:
        if info.chief is not None:
            chief.setdefault(info.name, info)
    return sorted(chief.values(), key=lambda info: (info.chief or 0, info.key))


def _section(
    panel: Panel, section: Section, title: str, *, worst: bool = False
) -> ScoreSection | None:
    every = _infos(panel, section)
    if not every:
        return None
    chief = _chief(every)
    whole = len(every) == len(chief)
    return ScoreSection(
        "",
        _table(panel, chief, f"{panel.name}: {title}", worst=worst),
        None if whole else _table(panel, every, f"{panel.name}: {title}, all scores", worst=worst),
        _partly_counted(panel, every),
    )


def _partly_counted(panel: Panel, infos: Sequence[ScoreInfo]) -> Sequence[str]:
    """Name the models with trainings that lack counts for some or all of the scores."""
    names = dict[tuple[str, str], list[str]]()
    for model in panel.models:
        found = [model.scores.trainings_text(info.key) for info in infos]
        which = "scores" if all(found) else "some scores"
        for of in dict.fromkeys(found):
            if of:
                names.setdefault((which, of), []).append(model.name)
    return [
        f"{', '.join(models)}: {which} of {of} trainings, because the others lack them; "
        "evaluate again to add them."
        for (which, of), models in names.items()
    ]


def _table(panel: Panel, infos: Sequence[ScoreInfo], caption: str, *, worst: bool) -> Table:
    groups, columns, protocol = [ColumnGroup("", 1)], [Column("score")], panel.protocol
    for model in panel.models:
        groups.append(ColumnGroup(model.name, 2))
        columns += [
            Column("clean", starts_group=True),
            Column(protocol.words.adjective, f"mean over {protocol.words.over}"),
        ]
    rows = [_row(panel, info) for info in infos]
    if worst:
        cells = [
            Cell(
                f"mIoU of the worst {protocol.words.noun} ↑",
                title=f"the lowest mIoU over the {protocol.words.noun}s",
            )
        ]
        for model in panel.models:
            draws = worst_corruption(model.scores.by_key[RANKING_SCORE], panel.protocol)
            cells += [Cell("", css_class="starts"), _cell(model, draws, PERCENT)]
        rows.append(TableRow(cells))
    note = (
        f"{protocol.words.adjective.capitalize()}: mean over {protocol.words.over}. An arrow shows "
        "which direction is better. Hover for definitions; they are also under How to read this."
    )
    if any(cell.ends for row in rows for cell in row.cells):
        note += f" {INTERVALS_NOTE}"
    if any(info.name.startswith("boundary_miou") for info in infos):
        note += (
            " Distances from a boundary are in pixels of a 1024x2048 image. Others are scaled, "
            "so two distances may be the same on small images."
        )
    if any(info.name == "cvar5" for info in infos):
        counts = sorted({math.ceil(WORST_SHARE * model.images) for model in panel.models})
        note += f" Worst 5 % of images: the mean of the lowest {counted(counts, 'score')}."
    return Table(f"{caption}.", columns, rows, note=note, groups=groups)


def _row(panel: Panel, info: ScoreInfo) -> TableRow:
    scores = [model.scores.by_key.get(info.key) for model in panel.models]
    arrow = "↑" if info.higher_is_better else "↓"
    cells = [Cell(f"{info.label} {arrow}", title=info.definition)]
    for model, score in zip(panel.models, scores, strict=True):
        clean, mean = _draws(score, model)
        if model.record.key.class_map and info.name in LIKELIHOOD_SCORES:
            cells += [
                Cell("", css_class="starts", title=NO_LIKELIHOOD),
                Cell("", title=NO_LIKELIHOOD),
            ]
            continue
        cells += [
            replace(_cell(model, clean, info.limits), css_class="starts"),
            _cell(model, mean, info.limits),
        ]
    return TableRow(cells)


def _draws(score: ScoreDraws | None, model: MeasuredModel) -> tuple[Draws, Draws]:
    if score is None:
        nothing = model.scores.mean * math.nan
        return nothing, nothing
    return score.summary.clean, score.summary.mean


def _cell(model: MeasuredModel, draws: Draws, limits: tuple[float, float]) -> Cell:
    interval, decimals = model.interval(draws, limits), digits(limits)
    return Cell(
        number(score_of(draws), decimals),
        title=interval_text(*interval, decimals) or None,
        ends=interval_ends(*interval, decimals),
    )
