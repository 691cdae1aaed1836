"""One sentence each on where the most robust model fails, and on its confidence."""

import math
from collections.abc import Sequence

from robustbench_seg.measures import score_infos
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import ScoreDifference, score_of, verdicts
from robustbench_seg.text import number


def failure_sentences(panel: Panel) -> list[str]:
    """Describe the most robust model by further scores: clean, and the mean over the corruptions.

    Returns:
        Up to two sentences, only about scores that it has.
    """
    model, noun = panel.complete[0], panel.protocol.words.noun
    sentences = (_where_it_fails(model, noun), _whether_it_knows(model, noun))
    return [sentence for sentence in sentences if sentence]


def _where_it_fails(model: MeasuredModel, noun: str) -> str | None:
    near, far = _clean_and_mean(model, "boundary_miou_4"), _clean_and_mean(model, "interior_miou_4")
    if near is None or far is None:
        return None
    falls = all(float(mean) < float(clean) for clean, mean in (near, far)) and _is_established(
        model, ("boundary_miou_4", "interior_miou_4")
    )
    text = (
        f"Near class boundaries the mIoU of {model.name} {'falls' if falls else 'changes'} from "
        f"{near[0]} on clean images to {near[1]}, elsewhere from {far[0]} to {far[1]}"
    )
    small = _clean_and_mean(model, "object_recall_small")
    large = _clean_and_mean(model, "object_recall_large")
    if small and large:
        text += (
            f"; it finds {small[0]} % of the pixels of small objects on clean images and "
            f"{small[1]} % {_changed(noun)}, and {large[0]} % and {large[1]} % of those of large "
            "objects"
        )
    return f"{text}{_of_trainings(model, 'boundary_miou_4')}."


def _whether_it_knows(model: MeasuredModel, noun: str) -> str | None:
    ece, auroc = _clean_and_mean(model, "ece"), _clean_and_mean(model, "auroc")
    if ece is None or auroc is None:
        return None
    return (
        f"The confidence of {model.name} is off by {ece[0]} points on clean images and by "
        f"{ece[1]} under {noun} (ECE); it ranks a correct pixel above a wrong one in {auroc[0]} % "
        f"of cases on clean images and {auroc[1]} % {_changed(noun)} "
        f"(AUROC){_of_trainings(model, 'ece')}."
    )


def _changed(noun: str) -> str:
    return "corrupted" if noun == "corruption" else f"under {noun}"


def _clean_and_mean(model: MeasuredModel, name: str) -> tuple[str, str] | None:
    """A score on clean and corrupted images, as text; None if the model lacks one of the two."""
    score = model.scores.by_key.get(score_infos()[name].key)  # KeyError: no measure has this score
    if score is None:
        return None
    clean, mean = score_of(score.summary.clean), score_of(score.summary.mean)
    return None if math.isnan(clean + mean) else (number(clean), number(mean))


def _is_established(model: MeasuredModel, names: Sequence[str]) -> bool:
    """Whether each score differs significantly between clean and corrupted images."""
    summaries = [model.scores.by_key[score_infos()[name].key].summary for name in names]
    units, degrees = model.scores.units, model.scores.degrees
    differences = [ScoreDifference(each.clean - each.mean, units, degrees) for each in summaries]
    return all(verdict.is_established for verdict in verdicts(differences))


def _of_trainings(model: MeasuredModel, name: str) -> str:
    """Return the number of trainings of a score, as text; empty if it is all."""
    trainings = model.scores.trainings_text(score_infos()[name].key)
    return f" ({trainings} trainings)" if trainings else ""
