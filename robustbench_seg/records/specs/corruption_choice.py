"""How images are corrupted: the protocol, and where its random numbers come from."""

from dataclasses import dataclass

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.choices import Stream


@dataclass(frozen=True)
class CorruptionChoice:
    """What decides a corrupted image apart from its clean image and its condition.

    Attributes:
        protocol: Where the parameters come from.
        stream: "fast" or "reference".
        seed: 0 to 2^32 - 1.
    """

    protocol: Protocol
    stream: Stream = "fast"
    seed: int = 0
