"""The finding of each panel, in sentences."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from robustbench_seg.reporting.panels.failures import failure_sentences
from robustbench_seg.reporting.panels.measured_model import MeasuredModel
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.panels.score_text import interval_text
from robustbench_seg.results import FEW_UNITS, FEWEST_UNITS, Verdict, lead_of, seeds_text
from robustbench_seg.text import counted, enumeration, number, one_line


def finding(panels: Sequence[Panel]) -> str:
    """Return the finding of each panel as plain text, one paragraph each."""
    paragraphs = []
    for panel in panels:
        text = " ".join(finding_sentences(panel))
        paragraphs.append(one_line(f"{panel.name}: {text}" if len(panels) > 1 else text))
    return "\n\n".join(paragraphs)


def finding_sentences(panel: Panel) -> list[str]:
    """Return sentences on the leader, the largest losses, failures, confidence and limitations.

    Published results are not included, because an interval needs their images.
    """
    complete = panel.complete
    if complete.empty:
        return [
            f"No model has a clean score and all scored severities on {panel.name} yet, so no "
            "model is ranked; the tables show the scores so far."
        ]
    return [
        _leader(panel, complete),
        *_worst_corruptions(complete, panel),
        *_notes(panel, complete),
        *failure_sentences(panel),
        _trust(panel),
    ]


def _leader(panel: Panel, complete: pd.DataFrame) -> str:
    over = panel.protocol.averaged_text
    best = complete.iloc[0]
    where = f"On {counted(best['images'], 'image')} of {panel.dataset} {panel.split}"
    if len(complete) == 1:
        return f"{where}, {_only_model(panel, best, over)}"
    rest = [str(name) for name in complete["model"][1:]]
    compared = {name: panel.verdict(best["model"], name) for name in rest}
    unpaired = [name for name, verdict in compared.items() if verdict is None]
    if unpaired:
        second = complete.iloc[1 + rest.index(unpaired[0])]
        return f"{where}, {_unpaired_models(panel, best, second, over)}"
    judged = {name: verdict for name, verdict in compared.items() if verdict is not None}
    open_ones = {name: v for name, v in judged.items() if not v.is_established}
    if open_ones:
        return f"{where}, {_open_difference(panel, best, over, open_ones)}"
    second, verdict = complete.iloc[1], judged[rest[0]]
    return (
        f"{where}, {best['model']} is the most robust of {len(complete)} models: mean mIoU "
        f"{number(best['mean'])} over {over}, {number(verdict.points)} points more than "
        f"{second['model']} with {number(second['mean'])} ({_verdict_text(panel, verdict)}). "
        f"{_lead(panel, best['model'], second['model'])}"
    ).rstrip()


def _only_model(panel: Panel, model: "pd.Series[Any]", over: str) -> str:
    interval = interval_text(*panel.interval(model["model"]))
    limits = f" ({interval})" if interval else ""
    return (
        f"{model['model']} keeps {number(model['retention'])} % of its clean mIoU: "
        f"{number(model['mean'])} on average over {over}{limits}, "
        f"{number(model['clean'])} on clean images."
    )


def _unpaired_models(
    panel: Panel, best: "pd.Series[Any]", second: "pd.Series[Any]", over: str
) -> str:
    a, b = panel.model(best["model"]).scores, panel.model(second["model"]).scores
    return (
        f"{best['model']} has the highest mean mIoU over {over}, {number(best['mean'])} against "
        f"{number(second['mean'])} for {second['model']}; the bootstrap draws {a.unit} for one "
        f"and {b.unit} for the other, so no difference can be established."
    )


def is_established(panel: Panel) -> bool:
    """Whether the most robust model is significantly better than every other complete one."""
    names = [str(name) for name in panel.complete["model"]]
    verdicts = [panel.verdict(names[0], name) for name in names[1:]]
    return bool(verdicts) and all(each is not None and each.is_established for each in verdicts)


def _open_difference(
    panel: Panel, best: "pd.Series[Any]", over: str, others: Mapping[str, Verdict]
) -> str:
    """The models that may be as robust as the first, and the number of units that would decide."""
    name, verdict = next(iter(others.items()))
    means = panel.complete.set_index("model")["mean"]
    scores = enumeration([f"{other} ({number(means[other])})" for other in [*others][:3]])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    unit = panel.model(best["model"]).scores.unit
    chance = "there is only one sampling unit"
    if not math.isnan(verdict.low):
        chance = f"{_verdict_text(panel, verdict)}; p = {verdict.p:.3f}"
    text = (
        f"no difference in robustness is established between {best['model']} (mean mIoU over "
        f"{over} {number(best['mean'])}) and {scores}{more}: "
        f"{best['model']} and {name} differ by {number(verdict.points)} points "
        f"({chance})."
    )
    units = panel.model(best["model"]).scores.units
    if 1 < units < FEWEST_UNITS:
        text += (
            f" {units} {unit} are too few to establish any difference, even if the interval "
            "excludes 0."
        )
    if verdict.needed is not None:
        text += (
            f" About {verdict.needed:,} {unit} would be needed to establish a difference of this "
            "size."
        )
    return text


def _verdict_text(panel: Panel, verdict: Verdict) -> str:
    interval = interval_text(verdict.low, verdict.high)
    return f"{interval}, paired bootstrap over {panel.sampling_unit}"


def _lead(panel: Panel, first: str, second: str) -> str:
    """The composition of the lead. Empty if only one perturbation is in the mean."""
    if len(panel.protocol.averaged_names) == 1:
        return ""
    one, other = panel.model(first).scores, panel.model(second).scores
    lead = lead_of(one, other, panel.protocol.averaged_names)
    behind = f" and behind under {lead.behind}" if lead.behind else ""
    return (
        f"It is ahead under {lead.ahead} of {lead.corruptions}{behind} (after Holm's adjustment); "
        f"{lead.largest.replace('_', ' ')} alone contributes {lead.share:.0f} % of the "
        f"lead. Without it the lead is {number(lead.rest)} points."
    )


def _worst_corruptions(complete: pd.DataFrame, panel: Panel) -> list[str]:
    """The perturbations with the largest losses. Empty if only one is in the mean."""
    names = list(panel.protocol.averaged_names)
    if len(names) == 1:
        return []
    cells = complete[names].astype(float)
    loss = cells.rsub(complete["clean"].astype(float), axis=0).mean()
    worst = loss.sort_values(ascending=False, kind="stable").index[:3]
    items = [
        f"{str(name).replace('_', ' ')} ({number(loss[name])} points below clean)" for name in worst
    ]
    if len(complete) == 1:
        return [f"It loses most to {enumeration(items)}."]
    return [f"On average, the models lose most to {enumeration(items)}."]


def _notes(panel: Panel, complete: pd.DataFrame) -> list[str]:
    """The model that keeps the largest share of its clean score, and models that are not ranked."""
    notes = []
    keeper = complete.iloc[int(complete["retention"].to_numpy(float).argmax())]
    if keeper["model"] != complete.iloc[0]["model"]:
        notes.append(
            f"The share of clean mIoU kept is highest for {keeper['model']} "
            f"({number(keeper['retention'])} %, against "
            f"{number(complete.iloc[0]['retention'])} %)."
        )
    absent = [model.name for model in panel.measured if model.name not in set(complete["model"])]
    if absent:
        notes.append(f"Not ranked, because conditions are missing: {', '.join(absent)}.")
    return notes


def _trust(panel: Panel) -> str:
    if all(model.scores.units == 1 for model in panel.measured):
        unit = panel.measured[0].scores.unit
        return f"No score has an interval: there is only one unit to draw ({unit})."
    fewest = min((model.scores for model in panel.measured), key=lambda scores: scores.units)
    trainings = sorted({model.scores.trainings for model in panel.measured})
    if trainings[-1] == 1:
        subject = "It is" if len(panel.measured) == 1 else "Each model is"
        sentence = (
            f"{subject} one training run: the interval covers the choice of images and the random "
            f"numbers of their {panel.protocol.noun}s, not the randomness of training."
        )
    else:
        counts = " or ".join(map(str, trainings))
        noun = panel.protocol.noun
        sentence = (
            f"Scores are means over the trainings of a model ({counts}). The interval covers the "
            f"choice of images and the random numbers of their {noun}s and, with several "
            "trainings, the randomness of training."
        )
    if fewest.units < FEW_UNITS:
        sentence += f" With only {fewest.units} {fewest.unit} it is only approximate."
    return " ".join([sentence, *_seed_sentences(panel)])


def _seed_sentences(panel: Panel) -> list[str]:
    """The effect of several seeds of the corruptions, a sentence for each set of seeds."""
    groups = dict[tuple[int, ...], list[MeasuredModel]]()
    for model in panel.measured:
        if len(model.scored.seeds) > 1:
            groups.setdefault(model.scored.seeds, []).append(model)
    sentences = []
    for seeds, models in groups.items():
        text = seeds_text(seeds, [model.scored.seed_means for model in models])
        everyone = len(models) == len(panel.measured)
        names = "" if everyone else f"{enumeration([model.name for model in models])}: "
        sentences.append(f"{names}{text.capitalize() if everyone else text}.")
    return sentences
