"""The key of a run: segmenter, images, perturbations, temperature, attacks and class map."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from robustbench_seg.codec import to_table
from robustbench_seg.files import digest_json
from robustbench_seg.records.runs.class_map_record import ClassMapRecord
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.records.runs.temperature_record import TemperatureRecord
from robustbench_seg.records.runs.value_text import value_text
from robustbench_seg.records.values.choices import Stream
from robustbench_seg.records.values.ranges import MAX_CLASSES, CorruptionSeed, Positive

OWN_NETWORK = "the one that is scored"
"""The network that is attacked by default, in words."""


@dataclass(frozen=True)
class DatasetRecord:
    """The images that were scored.

    Attributes:
        name: The dataset's name.
        split: Its split.
        images: Number of images to score.
        classes: Class names in the order of the class indices.
        fingerprint: Digest that distinguishes versions of the files.
    """

    name: str
    split: str
    images: Positive
    classes: tuple[str, ...]
    fingerprint: Mapping[str, object]

    def __post_init__(self) -> None:
        if not 1 <= len(self.classes) <= MAX_CLASSES:
            raise ValueError(f"{len(self.classes)} classes; expected 1 to {MAX_CLASSES}")


@dataclass(frozen=True)
class PerturbationRecord:
    """How images were corrupted or attacked.

    Attributes:
        stream: The random number stream, "fast" or "reference"; "unknown" with `foreign`.
        stream_version: Version of the stream.
        seed: 0 to 2^32 - 1.
        severities_digest: sha256 of the protocol's severity tables, those of attacks included; in
            run.json `severities`.
        laws: Law version of each corruption and attack of the protocol.
        foreign: sha256 over the corrupted images of a tree of unknown origin; the fields above then
            have no meaning. None: this program generated the images.
    """

    stream: Stream | Literal["unknown"]
    stream_version: Positive
    seed: CorruptionSeed
    severities_digest: str = field(metadata={"key": "severities"})
    laws: Mapping[str, Positive]
    foreign: str | None = field(default=None, metadata={"when_set": True})


@dataclass(frozen=True)
class AttackRecord:
    """Everything that decides attacked images, besides the protocol and the scored network.

    Attributes:
        gradient: Law version of the gradients.
        surrogate: The network that was attacked instead of the scored one, under the key `source`.
            None: there is none.
        is_rounded: Whether they were rounded to 8 bits.
        class_frequencies: sha256 of the frequencies that balance the classes. None: no attack needs
            them.
    """

    gradient: Positive
    surrogate: SegmenterRecord | None = field(default=None, metadata={"key": "source"})
    is_rounded: bool = False
    class_frequencies: str | None = None

    @property
    def attacked(self) -> str:
        """The network that was attacked, in words."""
        if self.surrogate is None:
            return OWN_NETWORK
        digest = digest_json(to_table(self.surrogate))
        return f"{self.surrogate.architecture} ({digest[:8]})"


@dataclass(frozen=True)
class RunKey:
    """Everything that decides the numbers of a run, and nothing else. Runs with equal keys are the
    same run.

    Versions of this program and of libraries are not part of it, because probes detect whether they
    matter. The names of the fields are part of the digest, so `corruption` keeps its name although
    it is about attacks, too.
    """

    segmenter: SegmenterRecord
    dataset: DatasetRecord
    corruption: PerturbationRecord
    temperature: TemperatureRecord | None = field(default=None, metadata={"when_set": True})
    attack: AttackRecord | None = field(default=None, metadata={"when_set": True})
    class_map: ClassMapRecord | None = field(default=None, metadata={"when_set": True})

    @cached_property
    def digest(self) -> str:
        """sha256 of the key, as 64 hex digits."""
        return digest_json(to_table(self))


def first_difference(one: RunKey, other: RunKey) -> str:
    """Describe the first difference of two keys: "its precision is bf16, not float32"."""
    return next(
        _unequal(to_table(one), to_table(other)), "something that this version does not know"
    )


def _unequal(one: object, other: object, where: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one | other:
            yield from _unequal(one.get(name), other.get(name), f"{where} {name}".strip())
    elif one != other:
        yield f"its {where} is {value_text(one)}, not {value_text(other)}"
