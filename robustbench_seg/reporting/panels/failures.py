"""Where the most robust model fails and whether it knows, in a sentence each."""

import math

from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.text import number


def failure_sentences(panel: Panel) -> list[str]:
    """Describe the most robust model by further scores: clean, and the mean over the corruptions.

    Returns:
        Up to two sentences; none about scores that it does not have.
    """
    name = str(panel.complete.iloc[0]["model"])
    noun = panel.protocol.noun
    changed = "corrupted" if noun == "corruption" else f"under {noun}"
    scores = panel.model(name).scores.by_name

    def both(key: str) -> tuple[str, str] | None:
        """A score clean and corrupted, as text; None where one is missing."""
        if key not in scores:
            return None
        clean, mean = (float(d[0]) for d in (scores[key].summary.clean, scores[key].summary.mean))
        return None if math.isnan(clean + mean) else (number(clean), number(mean))

    def trainings(key: str) -> str:
        """Say of how many trainings a score is, unless it is of all."""
        of = panel.model(name).scores.of_trainings(key)
        return f" ({of} trainings)" if of else ""

    sentences = []
    near, far = both("boundary_miou_4"), both("interior_miou_4")
    if near and far:
        text = (
            f"Near the boundaries of classes the mIoU of {name} falls from {near[0]} on clean "
            f"images to {near[1]}, elsewhere from {far[0]} to {far[1]}"
        )
        small, large = both("object_recall_small"), both("object_recall_large")
        if small and large:
            text += (
                f"; of small objects it finds {small[0]} % of the pixels clean and {small[1]} % "
                f"{changed}, of large ones {large[0]} % and {large[1]} %"
            )
        sentences.append(f"{text}{trainings('boundary_miou_4')}.")
    ece, auroc = both("ece"), both("auroc")
    if ece and auroc:
        sentences.append(
            f"The confidence of {name} is off by {ece[0]} points on clean images and by {ece[1]} "
            f"under {noun} (ECE); it ranks a right pixel above a wrong one in {auroc[0]} % of "
            f"cases clean, {auroc[1]} % {changed} (AUROC)"
            f"{trainings('ece')}."
        )
    return sentences
