"""The images on which a run did worst."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustbench_seg.files import digest_bytes
from robustbench_seg.protocol import CLEAN, Condition, Protocol
from robustbench_seg.results.counts import miou_of_counts, with_counts

COUNT = 10


@dataclass(frozen=True)
class Hard:
    """An image and its own mIoU (over the classes that occur in it), in percent.

    mean:  over the corruptions, of each its mean over the scored severities
    worst: of the mildest scored conditions the one with the lowest, `miou`. At high severities
        the same one or two corruptions end every image, which tells nothing of it
    """

    image: str
    clean: float
    mean: float
    worst: Condition
    miou: float

    @property
    def stem(self) -> str:
        """What the files of its pictures are called."""
        condition = f"{self.image} {self.worst.corruption} {self.worst.severity}"
        return digest_bytes(condition.encode())[:12]


def hardest(results: pd.DataFrame, protocol: Protocol, count: int = COUNT) -> list[Hard]:
    """The images of one run with the lowest mean, the worst first; none while scores are missing.

    results: as read_results or read_counts gives them
    """
    there = with_counts(results)
    wanted = (CLEAN, *protocol.scored_conditions)
    column = {condition: place for place, condition in enumerate(wanted)}
    images = sorted(there["image"].unique())
    row = {image: place for place, image in enumerate(images)}
    scores = np.full((len(images), len(wanted)), np.nan)
    pairs = map(Condition, there["corruption"], there["severity"])
    places = [
        (place, row[image], column[condition])
        for place, (image, condition) in enumerate(zip(there["image"], pairs, strict=True))
        if condition in column
    ]
    if not places or len(places) < int(results["images"].iloc[0]) * len(wanted):
        return []
    which, rows, columns = np.array(places).T
    counts = there["counts"].to_numpy(object)
    scores[rows, columns] = miou_of_counts(np.stack(list(counts[which])))
    means = np.mean(
        [
            scores[:, [column[Condition(spec.name, severity)] for severity in spec.scored]].mean(1)
            for spec in protocol.corruptions
        ],
        axis=0,
    )
    mildest = min(condition.severity for condition in protocol.scored_conditions)
    mild = [column[c] for c in protocol.scored_conditions if c.severity == mildest]
    found = []
    for place in np.argsort(means, kind="stable")[:count]:
        worst = mild[int(scores[place, mild].argmin())]
        clean, mean, lowest = scores[place, 0], means[place], scores[place, worst]
        hard = Hard(images[place], float(clean), float(mean), wanted[worst], float(lowest))
        found.append(hard)
    return found
