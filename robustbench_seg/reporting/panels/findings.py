"""The finding of each panel, in sentences."""

import math
from collections.abc import Mapping, Sequence

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.panels.failures import failure_sentences
from robustbench_seg.reporting.panels.losses import few_names, loss_text
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.panels.unranked import unranked_sentences
from robustbench_seg.reporting.ranking.estimate import interval_text
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import (
    FEW_UNITS,
    FEWEST_UNITS,
    ScoreDifference,
    Verdict,
    lead_of,
    seeds_text,
    verdicts,
)
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
    if not complete:
        return [
            f"No model has a clean score and all scored severities on {panel.name} yet, so no "
            "model is ranked; the tables show the scores so far.",
            *unranked_sentences(panel),
        ]
    return [
        _leader(panel, complete),
        *filter(None, [loss_text(panel)]),
        *_retention(panel, complete),
        *unranked_sentences(panel),
        *failure_sentences(panel),
        _trust(panel),
    ]


def _leader(panel: Panel, complete: Sequence[MeasuredModel]) -> str:
    over = panel.protocol.words.averaged_text
    best, *rest = complete
    where = f"On {counted(best.images, 'image')} of {panel.dataset} {panel.split}"
    if not rest:
        return f"{where}, {_only_model(best, over)}"
    compared = [(other, panel.verdict(best.name, other.name)) for other in rest]
    for other, verdict in compared:
        if verdict is None:
            return f"{where}, {_unpaired_models(best, other, over)}"
    judged = {other.name: verdict for other, verdict in compared if verdict is not None}
    open_ones = {name: verdict for name, verdict in judged.items() if not verdict.is_established}
    if open_ones:
        return f"{where}, {_open_difference(panel, best, over, open_ones)}"
    second = rest[0]
    verdict = judged[second.name]
    which = "more robust of the two" if len(complete) == 2 else f"most robust of {len(complete)}"
    return (
        f"{where}, {best.name} is the {which} models: mean mIoU {number(best.mean)} over {over}, "
        f"{number(verdict.points)} points ({_verdict_text(panel, verdict)}) above {second.name} "
        f"({number(second.mean)}). {_lead(panel, best, second)}"
    ).rstrip()


def _only_model(model: MeasuredModel, over: str) -> str:
    interval = interval_text(*model.mean_interval)
    in_brackets = f" ({interval})" if interval else ""
    return (
        f"{model.name} keeps {number(model.miou['retention'])} % of its clean mIoU: "
        f"{number(model.mean)} on average over {over}{in_brackets}, "
        f"{number(model.miou[CLEAN.name])} on clean images."
    )


def _unpaired_models(best: MeasuredModel, other: MeasuredModel, over: str) -> str:
    return (
        f"{best.name} has the highest mean mIoU over {over}, {number(best.mean)} against "
        f"{number(other.mean)} for {other.name}; the bootstrap draws {best.scores.unit} for one "
        f"and {other.scores.unit} for the other, so no difference can be established."
    )


def is_established(panel: Panel) -> bool:
    """Whether the most robust model is significantly better than every other complete one."""
    names = [model.name for model in panel.complete]
    verdicts = [panel.verdict(names[0], name) for name in names[1:]]
    return bool(verdicts) and all(each is not None and each.is_established for each in verdicts)


def _open_difference(
    panel: Panel, best: MeasuredModel, over: str, others: Mapping[str, Verdict]
) -> str:
    """The models that may be as robust as the first, and the number of units that would decide."""
    name, verdict = next(iter(others.items()))
    scores = enumeration(
        [f"{other} ({number(panel.model(other).mean)})" for other in [*others][:3]]
    )
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    unit, units = best.scores.unit, best.scores.units
    chance = "there is only one sampling unit"
    if not math.isnan(verdict.low):
        chance = f"{_verdict_text(panel, verdict)}; p = {verdict.p:.3f}"
    text = (
        f"no difference in robustness is established between {best.name} (mean mIoU over "
        f"{over} {number(best.mean)}) and {scores}{more}: "
        f"{best.name} and {name} differ by {number(verdict.points)} points "
        f"({chance})."
    )
    if 1 < units < FEWEST_UNITS:
        text += (
            f" {units} {unit} are too few to establish any difference, even if the interval "
            f"excludes 0; any verdict needs at least {FEWEST_UNITS}."
        )
    if verdict.needed is not None and verdict.needed > FEWEST_UNITS:
        text += (
            f" About {verdict.needed:,} {unit} would establish a difference of this size in four "
            f"of five studies, as estimated from these {units}."
        )
    return text


def _verdict_text(panel: Panel, verdict: Verdict) -> str:
    interval = interval_text(verdict.low, verdict.high)
    return f"{interval}, paired bootstrap over {panel.sampling_unit}"


def _lead(panel: Panel, first: MeasuredModel, second: MeasuredModel) -> str:
    """The composition of the lead. Empty if only one perturbation is in the mean."""
    if len(panel.protocol.averaged_names) == 1:
        return ""
    lead = lead_of(first.scores, second.scores, panel.protocol.averaged_names)
    count = lead.perturbations
    higher = f"all {count}" if lead.higher == count else f"{lead.higher} of {count}"
    significant = str(len(lead.ahead) or "none")
    if len(lead.ahead) == count:
        significant = "each of them"
    text = (
        f"Its score is higher under {higher}; the difference is significant under "
        f"{significant} ({'; '.join(filter(None, [few_names(lead.ahead), 'Holm, 5 %']))})"
    )
    if lead.behind:
        names = few_names(lead.behind)
        text += f", and {second.name} is significantly better under {len(lead.behind)}"
        text += f" ({names})" if names else ""
    return (
        f"{text}. Of the lead, {lead.share:.0f} % comes from {lead.largest.replace('_', ' ')} "
        f"alone; without it the lead is {number(lead.rest)} points."
    )


def _retention(panel: Panel, complete: Sequence[MeasuredModel]) -> list[str]:
    """The model that keeps the largest share of its clean score. Empty if it is the first.

    The differences of all other models from the first form one family of tests.
    """
    first, *others = complete
    keeper = max(complete, key=lambda model: model.miou["retention"])
    if keeper is first or any(panel.verdict(first.name, other.name) is None for other in others):
        return []
    mine = first.scores.summary.retention
    differences = [
        ScoreDifference.of(other.scores, first.scores, other.scores.summary.retention, mine)
        for other in others
    ]
    verdict = verdicts(differences)[others.index(keeper)]
    interval = interval_text(verdict.low, verdict.high)
    difference = f"{number(verdict.points)} points" + (f" ({interval})" if interval else "")
    kept = number(keeper.miou["retention"]), number(first.miou["retention"])
    if verdict.is_established:
        return [
            f"{keeper.name} keeps a larger share of its clean mIoU than {first.name}: {kept[0]} % "
            f"against {kept[1]} %, a difference of {difference}."
        ]
    return [
        f"{keeper.name} keeps {kept[0]} % of its clean mIoU, and {first.name} {kept[1]} %; the "
        f"difference of {difference} is not significant."
    ]


def _trust(panel: Panel) -> str:
    if all(model.scores.units == 1 for model in panel.models):
        unit = panel.models[0].scores.unit
        return f"No score has an interval: there is only one unit to draw ({unit})."
    fewest = min((model.scores for model in panel.models), key=lambda scores: scores.units)
    trainings = sorted({model.scores.trainings for model in panel.models})
    if trainings[-1] == 1:
        subject = "It is" if len(panel.models) == 1 else "Each model is"
        sentence = (
            f"{subject} one training run: the interval covers the choice of images and the random "
            f"numbers of their {panel.protocol.words.noun}s, not the randomness of training."
        )
    else:
        counts = " or ".join(map(str, trainings))
        noun = panel.protocol.words.noun
        several = "" if trainings[0] > 1 else ", if a model has several trainings,"
        sentence = (
            f"Each score is the mean of {counts} trainings. The interval covers the choice of "
            f"images, the random numbers of their {noun}s and{several} the randomness of training."
        )
    if fewest.units < FEW_UNITS:
        of_trainings = f"{trainings[0]} trainings and " if trainings[0] > 1 else ""
        only = "" if of_trainings else "only "
        sentence += (
            f" With {only}{of_trainings}{fewest.units} {fewest.unit} the interval is only "
            "approximate."
        )
    return " ".join([sentence, *_seed_sentences(panel)])


def _seed_sentences(panel: Panel) -> list[str]:
    """The effect of several seeds of the corruptions, a sentence for each set of seeds."""
    groups = dict[tuple[int, ...], list[MeasuredModel]]()
    for model in panel.models:
        if len(model.scored.seeds) > 1:
            groups.setdefault(model.scored.seeds, []).append(model)
    sentences = []
    for seeds, models in groups.items():
        text = seeds_text(seeds, [model.scored.seed_means for model in models])
        everyone = len(models) == len(panel.models)
        names = "" if everyone else f"{enumeration([model.name for model in models])}: "
        sentences.append(f"{names}{text.capitalize() if everyone else text}.")
    return sentences
