"""The images on which a run did worst."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustbench_seg.files import digest_bytes
from robustbench_seg.measures import miou_of_counts
from robustbench_seg.records.protocol import CLEAN, Condition, Protocol
from robustbench_seg.results.read import places_of, with_counts

COUNT = 10


@dataclass(frozen=True)
class HardImage:
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
        condition = f"{self.image} {self.worst.name} {self.worst.severity}"
        return digest_bytes(condition.encode())[:12]


def hardest(results: pd.DataFrame, protocol: Protocol, count: int = COUNT) -> list[HardImage]:
    """The images of one run with the lowest mean, the worst first; none while scores are missing.

    results: as read_results or read_counts gives them
    """
    there = with_counts(results)
    wanted = (CLEAN, *protocol.scored_conditions)
    column = {condition: place for place, condition in enumerate(wanted)}
    places, total = places_of(there), int(results["images"].iloc[0]) if len(results) else 0
    if not total or any(len(places.get(condition, ())) < total for condition in wanted):
        return []
    names, counts = there["image"].to_numpy(object), there["counts"].to_numpy(object)
    images = sorted(names[places[CLEAN]])
    ordered = [those[np.argsort(names[those])] for those in (places[c] for c in wanted)]
    scores = np.stack([miou_of_counts(np.stack(list(counts[o]))) for o in ordered], axis=1)
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
        hard = HardImage(images[place], float(clean), float(mean), wanted[worst], float(lowest))
        found.append(hard)
    return found
