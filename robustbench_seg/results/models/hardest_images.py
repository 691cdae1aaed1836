"""The images with the lowest scores of a run."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustbench_seg.measures import miou_of_counts
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.attacks import ATTACK_ENSEMBLES
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.store import COUNTS, condition_rows, with_counts

HARDEST_IMAGES = 10
"""Maximum number of images that `hardest_images` finds."""


@dataclass(frozen=True)
class HardImage:
    """An image and its own mIoU (over the classes that occur in it), in percent.

    Attributes:
        image: The image's id.
        clean: Its mIoU without perturbation.
        mean: Mean over the perturbations of the mean over their scored severities.
        worst: The mildest scored condition with the lowest mIoU, except for ensembles (sea). At
            high severities, the same one or two perturbations have the lowest mIoU for every image,
            which is not informative.
        miou: Its mIoU under `worst`.
    """

    image: str
    clean: float
    mean: float
    worst: Condition
    miou: float


def hardest_images(results: pd.DataFrame, protocol: Protocol) -> list[HardImage]:
    """Find the HARDEST_IMAGES images of one run with the lowest mean.

    Args:
        results: The result of read_results or read_counts.
        protocol: The protocol with the scored severities.

    Returns:
        The worst first; empty if scores are missing. Images without a scored pixel have no mIoU and
        are left out.
    """
    observed = with_counts(results)
    conditions = (CLEAN, *protocol.scored_conditions)
    # An ensemble has no images; its members have.
    shown = [c for c in protocol.scored_conditions if c.name not in ATTACK_ENSEMBLES]
    column = {condition: number for number, condition in enumerate(conditions)}
    places, total = condition_rows(observed), int(results["images"].iloc[0]) if len(results) else 0
    if not (total and shown) or any(len(places.get(c, ())) < total for c in conditions):
        return []
    names, counts = observed["image"].to_numpy(object), observed[COUNTS].to_numpy(object)
    images = sorted(names[places[CLEAN]])
    # The rows of each condition, in the order of `images`.
    ordered = [rows[np.argsort(names[rows])] for rows in map(places.__getitem__, conditions)]
    scores = np.stack([miou_of_counts(np.array([*counts[rows]])) for rows in ordered], axis=1)
    means = np.mean(
        [
            scores[:, [column[Condition(each.name, severity)] for severity in each.scored]].mean(1)
            for each in map(protocol.perturbation, protocol.averaged_names)
        ],
        axis=0,
    )
    mildest = min(condition.severity for condition in shown)
    mild = [column[condition] for condition in shown if condition.severity == mildest]
    hard = []
    for number in np.argsort(means, kind="stable")[:HARDEST_IMAGES]:  # nan values come last
        if np.isnan(means[number]):
            break
        worst = mild[int(scores[number, mild].argmin())]
        hard.append(
            HardImage(
                images[number],
                clean=float(scores[number, 0]),
                mean=float(means[number]),
                worst=conditions[worst],
                miou=float(scores[number, worst]),
            )
        )
    return hard
