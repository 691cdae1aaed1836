"""The record of a tree: the facts that decide its pixels, and some only for readers."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from robustbench_seg.corruption import STREAMS, laws, libraries
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.choices import Stream
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.records.values.ranges import CorruptionSeed


@dataclass(frozen=True)
class CorruptionChoice:
    """Everything that decides a corrupted image, besides its clean image and its condition.

    Attributes:
        protocol: The protocol with the parameters.
        stream: "fast" or "reference".
        seed: 0 to 2^32 - 1.
    """

    protocol: Protocol
    stream: Stream = "fast"
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class TreeRecord:
    """The contents of .recipe.json, and the first part of manifest.json.

    Attributes:
        protocol: Name of the protocol. Neither it nor its version is compared.
        protocol_version: Its version.
        severities_digest: sha256 of its severity tables.
        stream: "fast" or "reference".
        stream_version: Version of the stream.
        seed: 0 to 2^32 - 1.
        dataset: Name of the dataset.
        split: Its split.
        laws: Law version of each corruption of the tree.
        libraries: Versions of this program and of the libraries that began the tree. They are not
            compared.
        probe: Maps the folder of each condition of the tree, such as "fog/3", to the digest of the
            built-in image under it (`corruption.probes`).
        source_sizes: Maps the id of each clean image to the bytes of its file. Empty for minicity
            and in records of format 1; images without a size are not compared.
    """

    protocol: str
    protocol_version: str
    severities_digest: str
    stream: Stream
    stream_version: int
    seed: CorruptionSeed
    dataset: str
    split: str
    laws: Mapping[str, int]
    libraries: Mapping[str, str]
    probe: Mapping[str, str]
    source_sizes: Mapping[str, int] = field(default_factory=dict)

    def differences(self, other: "TreeRecord") -> tuple[str, ...]:
        """The differences of two trees that decide pixels, such as "its seed is 0, not 1".

        The value of `self` comes first. Laws are compared for corruptions that both have.
        """
        fields = ("stream", "stream_version", "seed", "dataset", "split")
        pairs = ((name, getattr(self, name), getattr(other, name)) for name in fields)
        found = [f"its {name.replace('_', ' ')} is {a}, not {b}" for name, a, b in pairs if a != b]
        if self.severities_digest != other.severities_digest:
            own_protocol = f"{self.protocol} {self.protocol_version}"
            theirs = f"{other.protocol} {other.protocol_version}"
            found.append(
                f"its severities are those of {own_protocol}, not of {theirs}"
                if own_protocol != theirs
                else f"the severities of {own_protocol} have other parameters"
            )
        found += [
            f"its {name} has law {law}, not {other.laws[name]}"
            for name, law in self.laws.items()
            if law != other.laws.get(name, law)
        ]
        return tuple(found)

    def extended(self, other: "TreeRecord") -> "TreeRecord":
        """`self` with the laws and the probe of conditions that only `other` has.

        Sizes of clean images are those of `other` if both have one: `check_same_tree` allows
        changes only for images without a file in the tree.
        """
        laws, probe = {**other.laws, **self.laws}, {**other.probe, **self.probe}
        sizes = {**self.source_sizes, **other.source_sizes}
        return dataclasses.replace(self, laws=laws, probe=probe, source_sizes=sizes)

    def other_sources(self, sizes: Mapping[str, int]) -> tuple[str, ...]:
        """Ids of clean images whose files have other sizes than when the tree was written.

        Args:
            sizes: Maps ids to bytes of files. Images that one of the two lacks are not compared.
        """
        return tuple(
            name for name, size in self.source_sizes.items() if sizes.get(name, size) != size
        )


def tree_record(
    choice: CorruptionChoice,
    dataset: str,
    split: str,
    conditions: Iterable[Condition],
    source_sizes: Mapping[str, int],
) -> TreeRecord:
    """Return the record, without its probe, of a tree that this program writes now.

    Args:
        choice: The settings of the corruptions.
        dataset: Name of the dataset.
        split: Split of the dataset.
        conditions: The conditions of the tree.
        source_sizes: Maps the id of each clean image to the bytes of its file.
    """
    protocol, stream, seed = choice.protocol, choice.stream, choice.seed
    versions = laws(protocol)
    names = sorted({condition.name for condition in conditions} & versions.keys())
    return TreeRecord(
        protocol=protocol.name,
        protocol_version=protocol.version,
        severities_digest=protocol.severities_digest,
        stream=stream,
        stream_version=STREAMS[stream].version,
        seed=seed,
        dataset=dataset,
        split=split,
        laws={name: versions[name] for name in names},
        libraries=libraries(),
        probe={},
        source_sizes=source_sizes,
    )
