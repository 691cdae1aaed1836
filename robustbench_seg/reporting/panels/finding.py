"""The finding: what the panels show, in sentences and as a plain table."""

from collections.abc import Sequence

import pandas as pd

from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.results import FEW_UNITS
from robustbench_seg.text import counted, number, one_line, text_table


def finding(panels: Sequence[Panel]) -> str:
    """Return the finding of each panel as plain text, one paragraph each."""
    paragraphs = []
    for panel in panels:
        text = " ".join(finding_sentences(panel))
        paragraphs.append(one_line(f"{panel.name}: {text}" if len(panels) > 1 else text))
    return "\n\n".join(paragraphs)


def finding_sentences(panel: Panel) -> list[str]:
    """Return the leader, the corruptions that cost most, and how far to trust the scores.

    Published rows are not in it: an interval needs their images, which are not at hand.
    """
    complete = panel.complete
    if complete.empty:
        return [
            f"No model has a clean score and all scored severities on {panel.name} yet, so "
            "nothing is ranked; the tables show what is there."
        ]
    return [
        _leader(panel, complete),
        _worst_corruptions(complete, panel),
        *_notes(panel, complete),
        _trust(panel),
    ]


def _leader(panel: Panel, complete: pd.DataFrame) -> str:
    over = counted([len(panel.protocol.names)], "corruption")
    best = complete.iloc[0]
    where = f"On {counted([best['images']], 'image')} of {panel.dataset} {panel.split}"
    if len(complete) == 1:
        low, high = panel.interval(best["model"])
        limits = f" (95 % interval {number(low)} to {number(high)})" if low == low else ""
        return (
            f"{where}, {best['model']} keeps {number(best['retention'])} % of its clean mIoU: "
            f"{number(best['mean'])} on average over {over}{limits}, "
            f"{number(best['clean'])} on clean images."
        )
    second = complete.iloc[1]
    gap = panel.difference(best["model"], second["model"])
    if gap is None:
        return (
            f"{where}, {best['model']} has the highest mean mIoU over {over}, "
            f"{number(best['mean'])} against {number(second['mean'])} for {second['model']}; "
            f"{_reason_unpaired(panel, best['model'], second['model'])}, so no interval of the "
            "difference can be given."
        )
    low, high = gap
    interval = (
        f"95 % interval {number(low)} to {number(high)}, paired bootstrap over "
        f"{panel.sampling_unit}"
    )
    points = number(best["mean"] - second["mean"])
    if low <= 0 <= high:
        return (
            f"{where}, no difference in robustness is established between {best['model']} "
            f"(mean mIoU over {over} {number(best['mean'])}) and {second['model']} "
            f"({number(second['mean'])}): they differ by {points} points ({interval})."
        )
    return (
        f"{where}, {best['model']} is the most robust of {len(complete)} models: mean mIoU "
        f"{number(best['mean'])} over {over}, {points} points more than "
        f"{second['model']} with {number(second['mean'])} ({interval})."
    )


def _reason_unpaired(panel: Panel, first: str, second: str) -> str:
    """Why two models cannot be compared in pairs."""
    a, b = panel.row(first).scores, panel.row(second).scores
    if a.units == b.units == 1:
        return "all of it is a single sampling unit"
    return f"the bootstrap draws {a.unit} of the one and {b.unit} of the other"


def _worst_corruptions(complete: pd.DataFrame, panel: Panel) -> str:
    names = list(panel.protocol.names)
    cells = complete[names].astype(float)
    loss = cells.rsub(complete["clean"].astype(float), axis=0).mean()
    worst = loss.sort_values(ascending=False, kind="stable").index[:3]
    items = [
        f"{str(name).replace('_', ' ')} ({number(loss[name])} points below clean)" for name in worst
    ]
    if len(complete) == 1:
        return f"It is broken most by {_enumeration(items)}."
    return f"What breaks them most, on average over the models, is {_enumeration(items)}."


def _notes(panel: Panel, complete: pd.DataFrame) -> list[str]:
    """Who keeps the largest share of its clean score, and who is not ranked."""
    notes = []
    keeper = complete.iloc[int(complete["retention"].to_numpy(float).argmax())]
    if keeper["model"] != complete.iloc[0]["model"]:
        notes.append(
            f"The share of clean mIoU kept is highest for {keeper['model']} "
            f"({number(keeper['retention'])} %, against "
            f"{number(complete.iloc[0]['retention'])} %)."
        )
    absent = [row.name for row in panel.measured if row.name not in set(complete["model"])]
    if absent:
        notes.append(f"Not ranked, because conditions are missing: {', '.join(absent)}.")
    return notes


def _trust(panel: Panel) -> str:
    if all(row.scores.units == 1 for row in panel.measured):
        unit = panel.measured[0].scores.unit
        return f"No score has an interval: there is but one unit to draw ({unit})."
    fewest = min((row.scores for row in panel.measured), key=lambda scores: scores.units)
    trainings = sorted({row.scores.trainings for row in panel.measured})
    if trainings[-1] == 1:
        subject = "It is" if len(panel.measured) == 1 else "Each model is"
        sentence = (
            f"{subject} one training run: the interval covers the choice of images, not the luck "
            "of training or of the corruptions' random draws."
        )
    else:
        counts = " or ".join(map(str, trainings))
        sentence = (
            f"Scores are means over the trainings of a model ({counts}). The interval covers the "
            "choice of images and, where there are several trainings, the luck of training, which "
            "so few underestimate; it does not cover the corruptions' random draws."
        )
    rough = f" With only {fewest.units} {fewest.unit} even that is rough."
    return sentence + (rough if fewest.units < FEW_UNITS else "")


def _enumeration(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def terminal_table(panels: Sequence[Panel]) -> str:
    """Return the rankings as plain text: rank, model, clean, mean, retention and categories."""
    tables = []
    for panel in panels:
        lines = [["", "model", "clean", "mean", "kept %", *panel.category_means.columns]]
        for row in panel.ranking:
            mark = " (published)" if row.source == "published" else ""
            scores = [row.cells[name] for name in ("clean", "mean", "retention")]
            cells = [number(value) or "-" for value in (*scores, *row.categories.values())]
            lines.append([row.rank and f"{row.rank}.", row.name + mark, *cells])
        title = f"{panel.name}: mIoU, percent; averaged: {panel.protocol.averaged}"
        tables.append(f"{one_line(title)}\n{text_table(lines, left=[1])}")
    return "\n\n".join(tables)
