"""The sections of further scores: where a model fails, and whether it knows when."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from robustbench_seg.measures import CONFIDENCE
from robustbench_seg.reporting.page.table import Cell, Column, Group, Table, TableRow
from robustbench_seg.reporting.panels import Panel, PanelRow, missing_confidence
from robustbench_seg.results import PERCENT, RANKED, Draws, ScoreDraws, worst_corruption
from robustbench_seg.text import number


@dataclass(frozen=True)
class ScoreSection:
    """A section of further scores.

    Attributes:
        chief: The scores that say most: clean and corrupted, for each model; None without any.
        every: All scores of the section; None where these are the chief ones.
        missing: Sentences: which models have none, and why.
    """

    chief: Table | None
    every: Table | None
    missing: Sequence[str] = ()


_WHERE = ("boundary_miou_4", "interior_miou_4", "object_recall_small", "object_recall_large")
_RATES = ("missed_region_rate", "cvar5")
_WHERE_MEASURES = ("boundary", "interior", "object_recall", "missed_region", "group_iou", "cvar5")

_KNOWS = ("ece", "auroc", "aupr_error", "aurc", "coverage_at_5_risk")


def where_it_fails(panel: Panel) -> ScoreSection | None:
    """Return boundaries, objects, groups of classes and worst cases; None without any."""
    keys = [key for key in _keys(panel) if key.startswith(_WHERE_MEASURES)]
    groups = [key for key in keys if key.startswith("group_iou")]
    chief = [key for key in (*_WHERE, *groups[:1], *_RATES) if key in keys]
    return _section(panel, chief, keys, "where it fails", worst=True)


def does_it_know(panel: Panel) -> ScoreSection:
    """Return calibration, and how well confidence tells wrong pixels."""
    names = {info.name for info in CONFIDENCE.infos}
    keys = [key for key in _keys(panel) if key.removesuffix("_t") in names]
    chief = [key for name in _KNOWS for key in (name, f"{name}_t") if key in keys]
    section = _section(panel, chief, keys, "confidence") or ScoreSection(None, None)
    reasons = dict[str, list[str]]()
    for row in panel.measured:
        if why := missing_confidence(row):
            reasons.setdefault(why, []).append(row.name)
    missing = [f"{', '.join(names)}: {why}." for why, names in reasons.items()]
    return replace(section, missing=missing)


def _keys(panel: Panel) -> list[str]:
    """The scores that some row has, in the order of the measures."""
    found = dict[str, None]()
    for row in panel.measured:
        for key, score in row.scores.by_name.items():
            values = score.summary.clean[0], score.summary.mean[0]
            if not score.info.in_ranking and not all(map(math.isnan, values)):
                found[key] = None
    return list(found)


def _section(
    panel: Panel, chief: Sequence[str], every: Sequence[str], title: str, *, worst: bool = False
) -> ScoreSection | None:
    if not every:
        return None
    whole = len(every) == len(chief)
    return ScoreSection(
        _table(panel, chief, f"{panel.name}: {title}", worst),
        None if whole else _table(panel, every, f"{panel.name}: {title}, all scores", worst),
    )


def _table(panel: Panel, keys: Sequence[str], caption: str, worst: bool) -> Table:
    groups, columns = [Group("", 1)], [Column("score")]
    for row in panel.measured:
        groups.append(Group(row.name, 2))
        columns += [
            Column("clean", starts_group=True),
            Column("corrupted", "mean over the corruptions; its 95 % interval on hover"),
        ]
    rows = [_row(panel, key) for key in keys]
    if worst:
        cells = [
            Cell("mIoU of the worst corruption ↑", title="the lowest of the corruptions' mIoU")
        ]
        for model in panel.measured:
            draws = worst_corruption(model.scores.by_name[RANKED])
            cells += [Cell("", classes="starts"), _cell(model, draws, PERCENT)]
        rows.append(TableRow(cells))
    note = "Definitions: on hover, and in docs/measures.md. An arrow shows which way is better."
    return Table(f"{caption}.", columns, rows, note=note, groups=groups)


def _row(panel: Panel, key: str) -> TableRow:
    scores = [row.scores.by_name.get(key) for row in panel.measured]
    info = next(score.info for score in scores if score is not None)
    arrow = "↑" if info.higher_is_better else "↓"
    cells = [Cell(f"{info.label} {arrow}", title=info.definition)]
    for row, score in zip(panel.measured, scores, strict=True):
        clean, mean = _draws(score, row)
        cells += [
            Cell(_text(float(clean[0]), info.limits), classes="starts"),
            _cell(row, mean, info.limits),
        ]
    return TableRow(cells)


def _draws(score: ScoreDraws | None, row: PanelRow) -> tuple[Draws, Draws]:
    if score is None:
        nothing = row.scores.mean * math.nan
        return nothing, nothing
    return score.summary.clean, score.summary.mean


def _cell(row: PanelRow, draws: Draws, limits: tuple[float, float]) -> Cell:
    low, high = row.limits(draws, limits)
    title = f"95 % interval {_text(low, limits)} to {_text(high, limits)}"
    return Cell(_text(float(draws[0]), limits), title=None if math.isnan(low) else title)


def _text(value: float, limits: tuple[float, float]) -> str:
    return number(value, 1 if limits == PERCENT else 3)
