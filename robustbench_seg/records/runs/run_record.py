"""The contents of run.json in a run folder, and the differences between two runs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from robustbench_seg.records.cards.protocol import ProtocolFile
from robustbench_seg.records.runs.class_map_record import ClassMapFacts
from robustbench_seg.records.runs.run_difference import DifferenceKind, RunDifference
from robustbench_seg.records.runs.run_key import AttackRecord, RunKey
from robustbench_seg.records.runs.segmenter_record import ModelFacts
from robustbench_seg.records.runs.value_text import value_text
from robustbench_seg.records.values.attacks import ATTACK_ENSEMBLES
from robustbench_seg.records.values.published_score import Published
from robustbench_seg.records.values.ranges import Level, Positive

_ORIGIN = "corrupted images"


class _Fact(NamedTuple):
    """One fact in which two runs may differ, with its value in one of them."""

    kind: DifferenceKind
    name: str
    value: object


@dataclass(frozen=True)
class RunRecord:
    """The contents of run.json.

    Attributes:
        model: The model's name in every table.
        key: Everything that decides the numbers, and nothing else.
        protocol: Name of the protocol of the evaluation; it chooses and averages conditions and
            does not change images.
        protocol_version: Its version.
        own_protocol: The contents of the protocol, with the keys of its TOML file. None: an
            included protocol; or an older version of this program began the run.
        clip: Number of consecutive images that the bootstrap draws together.
        palette: One RGB colour, 0..255, for each class.
        groups: Class groups of the dataset; maps names to names of classes. Runs of built-in
            datasets by older versions have neither groups nor persons.
        persons: The classes whose missed objects are counted.
        class_map: Facts about the class map for readers; None: there is none. The map itself is
            part of the key.
        about: Facts about the model for readers.
        published: The model's published clean score, if it was measured on the same images.
        libraries: Versions of the libraries that computed the first rows, by name.
        hardware: The hardware that computed the first rows.
        created: When the run began, in ISO 8601, UTC.
        command: The command that began it.

    Raises:
        ValueError: `own_protocol` is not the protocol of the run.
    """

    model: str
    key: RunKey
    protocol: str
    protocol_version: str
    own_protocol: ProtocolFile | None = field(default=None, metadata={"when_set": True})
    clip: Positive = 1
    palette: tuple[tuple[Level, Level, Level], ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    persons: tuple[str, ...] = ()
    class_map: ClassMapFacts | None = field(default=None, metadata={"when_set": True})
    about: ModelFacts = field(default_factory=ModelFacts)
    published: Published | None = None
    libraries: Mapping[str, str] = field(default_factory=dict)
    hardware: str = ""
    created: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        if self.own_protocol is None:
            return
        own = self.own_protocol.protocol
        named = own.name, own.version, own.severities_digest
        digest = self.key.corruption.severities_digest
        if named != (self.protocol, self.protocol_version, digest):
            raise ValueError("own_protocol is not the protocol with which the run began")

    def __repr__(self) -> str:
        return f"<record of {self.model} on {self.dataset} {self.split}: {self.key.digest[:8]}>"

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.key.dataset.name

    @property
    def split(self) -> str:
        """Split of the dataset."""
        return self.key.dataset.split

    @property
    def images(self) -> int:
        """Number of images of the complete run."""
        return self.key.dataset.images

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the class indices."""
        return self.key.dataset.classes

    @property
    def left_out_classes(self) -> tuple[str, ...]:
        """The classes whose pixels are not scored, because the class map leaves them out."""
        return self.key.class_map.left_out if self.key.class_map else ()

    @property
    def scored_classes(self) -> tuple[str, ...]:
        """The other classes, in the order of the class indices."""
        return tuple(name for name in self.classes if name not in self.left_out_classes)

    @property
    def no_class(self) -> bool:
        """Whether predictions may have no class, because the class map ignores classes."""
        return bool(self.key.class_map and self.key.class_map.ignored)

    @property
    def class_map_name(self) -> str | None:
        """Name of the class map; None without one."""
        return self.class_map.name if self.class_map else None

    @property
    def stream(self) -> str:
        """The random number stream of the corruptions."""
        return self.key.corruption.stream

    @property
    def seed(self) -> int:
        """Seed of the corruptions' random numbers."""
        return self.key.corruption.seed

    @property
    def derived_conditions(self) -> Mapping[str, tuple[str, ...]]:
        """The conditions that are derived from the rows of others.

        Maps the name of each ensemble of attacks that the protocol lists to its members.
        """
        listed = self.key.corruption.laws
        return {name: members for name, members in ATTACK_ENSEMBLES.items() if name in listed}

    @property
    def training_seed(self) -> int | None:
        """Seed of the training of the weights; None if their card does not state it."""
        return self.about.training.seed if self.about.training else None

    def differences(self, other: "RunRecord") -> tuple[RunDifference, ...]:
        """The differences between two runs that change a number, except the model's name.

        Only this method decides whether two runs are comparable (no difference is `of_images`),
        trainings of one model (all are `of_training`), or the same run (the keys are equal, so
        there is no difference).
        """
        mine, theirs = list(self._facts()), list(other._facts())
        found = [
            RunDifference(one.kind, one.name, value_text(one.value), value_text(another.value))
            for one, another in zip(mine, theirs, strict=True)
            if one.value != another.value
        ]
        origins = [each for each in found if each.name == _ORIGIN]
        if origins:  # such a tree does not state how its images were generated
            made = ("corruption", "corruption seed")
            found = [each for each in found if each.kind not in made] + origins
        training = self.about.training, other.about.training
        if training[0] and training[1]:
            texts = training[0].differences(training[1])
            found += [RunDifference("training", text) for text in texts]
        elif training[0] or training[1]:
            had = ("known" if each else "unknown" for each in training)
            found.append(RunDifference("training", "training", *had))
        return tuple(found)

    def _facts(self) -> Iterator[_Fact]:
        data, corruption, segmenter = self.key.dataset, self.key.corruption, self.key.segmenter
        inference = segmenter.inference
        yield _Fact("data", "dataset", data.name)
        yield _Fact("data", "split", data.split)
        yield _Fact("extent", "number of images", data.images)
        yield _Fact("data", "classes", data.classes)
        yield _Fact("data", "classes left out by a class map", self.left_out_classes)
        yield _Fact("files", "the files of the dataset", data.fingerprint)
        foreign = corruption.foreign
        origin = f"of unknown origin ({foreign[:8]})" if foreign else "generated by robustseg"
        yield _Fact("corruption", _ORIGIN, origin)
        yield _Fact("corruption", "stream", corruption.stream)
        yield _Fact("corruption", "version of the stream", corruption.stream_version)
        yield _Fact("corruption seed", "seed", corruption.seed)
        yield _Fact("corruption", "severity tables", corruption.severities_digest)
        yield _Fact("corruption", "versions of the corruptions", corruption.laws)
        attack = self.key.attack or AttackRecord(1)
        yield _Fact("corruption", "version of the gradients", attack.gradient)
        yield _Fact("corruption", "the attacked network", attack.attacked)
        yield _Fact("corruption", "rounding of attacked images", attack.is_rounded)
        yield _Fact("corruption", "class frequencies of the attacks", attack.class_frequencies)
        yield _Fact("network", "architecture", segmenter.architecture)
        yield _Fact("network", "variant", segmenter.variant)
        yield _Fact("network", "configuration", segmenter.config)
        yield _Fact("network", "facts that its author states", segmenter.own)
        yield _Fact("inference", "precision", segmenter.precision_text)
        yield _Fact("inference", "calibration", _text(segmenter.calibration))
        yield _Fact("inference", "inference", inference.mode if inference else None)
        yield _Fact("inference", "windows", inference.crop if inference else None)
        yield _Fact("inference", "stride", inference.stride if inference else None)
        yield _Fact("inference", "test-time augmentation", _text(segmenter.augment))
        yield _Fact("inference", "adaptation", _text(segmenter.adaptation))
        yield _Fact("preprocessing", "input size", segmenter.geometry_text)
        for name in ("preprocessing", "resize", "processor", "grid", "align_corners", "runtime"):
            yield _Fact("preprocessing", name.replace("_", " "), getattr(segmenter, name))
        yield _Fact("preprocessing", "versions of the steps to the labels", segmenter.laws)
        used = self.key.class_map
        yield _Fact("class map", "class map", used.digest[:8] if used else "none")
        yield _Fact("weights", "weights", segmenter.weights)
        temperature = self.key.temperature
        fitted = temperature.values if temperature and temperature.fitted_on else ()
        yield _Fact("inference", "temperature", temperature.origin if temperature else "none")
        yield _Fact("weights", "fitted temperature", fitted)
        yield _Fact("training seed", "seed of the training", self.training_seed)


def _text(value: object) -> str:
    return "none" if value is None else str(value)


def library_texts(one: RunRecord, other: RunRecord) -> tuple[str, ...]:
    """List the libraries whose versions differ, such as "numpy 2.0.1 and 2.1"."""
    mine, theirs = one.libraries, other.libraries
    return tuple(
        f"{name} {mine.get(name, 'absent')} and {theirs.get(name, 'absent')}"
        for name in {**mine, **theirs}
        if mine.get(name) != theirs.get(name)
    )


def class_maps_text(records: Iterable[RunRecord]) -> str:
    """Name the class maps of runs, such as ", class map cityscapes-to-idd"; empty without any."""
    names = dict.fromkeys(record.class_map_name for record in records)
    used = [name for name in names if name]
    return f", class map {', '.join(used)}" if used else ""
