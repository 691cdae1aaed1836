"""The largest losses of the most robust model, in a sentence or two.

A loss is the clean score minus that of a perturbation, in points. The rule of verdicts decides
whether the largest loss of a model is larger than its other losses.
"""

from collections.abc import Mapping, Sequence

from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.ranking.estimate import interval_text
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import UNBOUNDED, Draws, ScoreDifference, score_of, verdicts
from robustbench_seg.text import counted, enumeration, number

NAMED_CORRUPTIONS = 5
"""Maximum number of corruptions that a sentence of the finding names; it counts a longer list."""

_LARGEST = 3
"""Number of losses that the finding states."""


def few_names(names: Sequence[str]) -> str:
    """Return names of corruptions as text; empty if they are more than `NAMED_CORRUPTIONS`."""
    few = len(names) <= NAMED_CORRUPTIONS
    return ", ".join(map(_shown, names)) if few else ""


def loss_text(panel: Panel) -> str:
    """Return the largest losses of the most robust model, with their severities and intervals.

    Returns:
        A sentence or two; empty without a loss, or if one perturbation is in the mean.
    """
    model, averaged = panel.complete[0], panel.protocol.averaged
    summary = model.scores.summary
    losses = {each.name: summary.clean - summary.perturbations[each.name] for each in averaged}
    found = [each for each in averaged if float(number(score_of(losses[each.name]))) > 0]
    if not found or len(averaged) == 1:
        return ""
    found.sort(key=lambda each: -score_of(losses[each.name]))
    first, *others = [_one_loss(model, each, losses[each.name]) for each in found[:_LARGEST]]
    not_less = _not_significantly_less(model, found[0].name, losses)
    noun, subject = panel.protocol.words.noun, f"The loss under {_shown(found[0].name)} is"
    if not not_less:
        then = f", then under {enumeration(others)}" if others else ""
        return (
            f"Compared with clean images, {model.name} loses most mIoU under {first}{then}. "
            f"{subject} significantly larger than under each other {noun} (Holm, 5 %)."
        )
    largest, verb = ("losses", "are") if others else ("loss", "is")
    text = (
        f"Compared with clean images, the largest {largest} of {model.name} in mIoU {verb} under "
        f"{enumeration([first, *others])}."
    )
    if model.scores.units == 1:
        return text
    names = "; ".join(filter(None, [few_names(not_less), "Holm, 5 %"]))
    count = len(averaged) - 1
    which = f"{len(not_less)} of the {counted(count, f'other {noun}')} ({names})"
    if len(not_less) == count:
        which = f"any other {noun} (Holm, 5 %)"
    return f"{text} {subject} not significantly larger than under {which}."


def _one_loss(model: MeasuredModel, perturbation: Perturbation, loss: Draws) -> str:
    several = len(perturbation.scored) > 1
    details = [
        f"{number(score_of(loss))} points",
        f"{'mean over severities' if several else 'severity'} {perturbation.scored_text}",
        interval_text(*model.interval(loss, UNBOUNDED)),
    ]
    return f"{_shown(perturbation.name)} ({', '.join(filter(None, details))})"


def _not_significantly_less(
    model: MeasuredModel, largest: str, losses: Mapping[str, Draws]
) -> list[str]:
    """The perturbations whose loss is not significantly less than the largest one.

    The comparisons with all other perturbations form one family of tests.
    """
    others = [name for name in losses if name != largest]
    scores = model.scores
    judged = verdicts(
        [
            ScoreDifference(losses[largest] - losses[name], scores.units, scores.degrees)
            for name in others
        ]
    )
    return [
        name for name, verdict in zip(others, judged, strict=True) if not verdict.is_established
    ]


def _shown(name: str) -> str:
    return name.replace("_", " ")
