"""What was learnt, in words: sentences and a plain table, both computed from the panels."""

from collections.abc import Sequence

import pandas as pd

from robustbench_seg.reporting.page.views import number
from robustbench_seg.reporting.panels import Panel, counted
from robustbench_seg.results import FEW
from robustbench_seg.text import text_table


def finding(panels: Sequence[Panel]) -> str:
    """The finding of each panel as plain text, one paragraph each."""
    paragraphs = []
    for panel in panels:
        text = " ".join(sentences(panel))
        paragraphs.append(f"{panel.name}: {text}" if len(panels) > 1 else text)
    return "\n\n".join(paragraphs)


def sentences(panel: Panel) -> list[str]:
    """The leader, what breaks the models most, and how far to trust it.

    Published rows are not part of it: their images are not at hand to draw an interval from.
    """
    complete = panel.complete
    if complete.empty:
        return [
            f"No model has a clean score and all scored severities on {panel.name} yet, so "
            "nothing is ranked; the tables show what is there."
        ]
    return [
        _leader(panel, complete),
        _breakers(complete, panel),
        *_others(panel, complete),
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
            f"{_unpaired(panel, best['model'], second['model'])}, so no interval of the difference "
            "can be given."
        )
    low, high = gap
    interval = (
        f"95 % interval {number(low)} to {number(high)}, paired bootstrap over {panel.drawn_over}"
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


def _unpaired(panel: Panel, first: str, second: str) -> str:
    """Why two models cannot be compared in pairs."""
    a, b = panel.run(first).drawn, panel.run(second).drawn
    if a.images != b.images:
        return "the two were not run on the same images"
    if a.units == b.units == 1:
        return "all of it is a single sampling unit"
    return "the two are of other files of the dataset, or drawn in other units"


def _breakers(complete: pd.DataFrame, panel: Panel) -> str:
    names = list(panel.protocol.names)
    cells = complete[names].astype(float)
    loss = cells.rsub(complete["clean"].astype(float), axis=0).mean()
    worst = loss.sort_values(ascending=False, kind="stable").index[:3]
    parts = [
        f"{str(name).replace('_', ' ')} ({number(loss[name])} points below clean)" for name in worst
    ]
    if len(complete) == 1:
        return f"It is broken most by {_listed(parts)}."
    return f"What breaks them most, on average over the models, is {_listed(parts)}."


def _others(panel: Panel, complete: pd.DataFrame) -> list[str]:
    said = []
    keeper = complete.iloc[int(complete["retention"].to_numpy(float).argmax())]
    if keeper["model"] != complete.iloc[0]["model"]:
        said.append(
            f"The share of clean mIoU kept is highest for {keeper['model']} "
            f"({number(keeper['retention'])} %, against "
            f"{number(complete.iloc[0]['retention'])} %)."
        )
    absent = [run.model for run in panel.measured if run.model not in set(complete["model"])]
    if absent:
        said.append(f"Not ranked, because conditions are missing: {', '.join(absent)}.")
    return said


def _trust(panel: Panel) -> str:
    if all(run.drawn.units == 1 for run in panel.measured):
        unit = panel.measured[0].drawn.unit
        return f"No score has an interval: there is but one unit to draw ({unit})."
    fewest = min((run.drawn for run in panel.measured), key=lambda drawn: drawn.units)
    trainings = sorted({run.drawn.trainings for run in panel.measured})
    if trainings[-1] == 1:
        each = "It is" if len(panel.measured) == 1 else "Each model is"
        said = (
            f"{each} one training run: the interval covers the choice of images, not the luck of "
            "training or of the corruptions' random draws."
        )
    else:
        counts = " or ".join(map(str, trainings))
        said = (
            f"Scores are means over the trainings of a model ({counts}). The interval covers the "
            "choice of images and, where there are several trainings, the luck of training, which "
            "so few underestimate; it does not cover the corruptions' random draws."
        )
    rough = f" With only {fewest.units} {fewest.unit} even that is rough."
    return said + (rough if fewest.units < FEW else "")


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def terminal_table(panels: Sequence[Panel]) -> str:
    """The rankings as plain text: rank, model, clean, mean, retention, one column a category."""
    blocks = []
    for panel in panels:
        categories = panel.category_means
        head = ["", "model", "clean", "mean", "kept %", *categories.columns]
        lines = [head]
        for place, record in enumerate(panel.scores.to_dict("records")):
            tag = " (published)" if record["source"] == "published" else ""
            rank = panel.ranks[place]
            scores = [record["clean"], record["mean"], record["retention"]]
            values = [*scores, *categories.iloc[place]]
            cells = [number(value) or "-" for value in values]
            lines.append([rank and f"{rank}.", record["model"] + tag, *cells])
        title = f"{panel.name}: mIoU, percent; averaged: {panel.protocol.averaged}"
        blocks.append(f"{title}\n{text_table(lines, left=[1])}")
    return "\n\n".join(blocks)
