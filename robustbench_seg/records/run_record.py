"""What run.json of a run folder says, typed: what was evaluated, and what tells two runs apart."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Literal

from robustbench_seg.cards import from_table, to_table
from robustbench_seg.errors import CardError, ResultsError
from robustbench_seg.files import canonical_json, digest_bytes, read_json, write_json
from robustbench_seg.records.choices import MAX_CLASSES, Stream
from robustbench_seg.records.model_card import Published
from robustbench_seg.records.ranges import CorruptionSeed, Level, Positive
from robustbench_seg.records.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.text import one_line

RUN_FILE = "run.json"
FORMAT = 2

_ORIGIN = "corrupted images"
_SEED = "seed"


@dataclass(frozen=True)
class DatasetRecord:
    """The images that were scored.

    Attributes:
        name: The dataset's name.
        split: Which part of it.
        images: How many images were to be scored.
        classes: Class names in the order of the class indices.
        fingerprint: What tells one version of the files from another.
    """

    name: str
    split: str
    images: Positive
    classes: tuple[str, ...]
    fingerprint: Mapping[str, object]

    def __post_init__(self) -> None:
        if not 1 <= len(self.classes) <= MAX_CLASSES:
            raise ValueError(f"{len(self.classes)} classes; 1 to {MAX_CLASSES} are possible")


@dataclass(frozen=True)
class CorruptionRecord:
    """How images were corrupted.

    Attributes:
        stream: Where random numbers came from, "fast" or "reference"; "unknown" where `foreign`.
        stream_version: Version of the stream.
        seed: 0 to 2^32 - 1.
        severities: sha256 of the protocol's severity tables.
        laws: Law version of each corruption of the protocol.
        foreign: sha256 over the corrupted images of a tree of unknown origin; the fields above say
            nothing of them. None: this program made the images.
    """

    stream: Stream | Literal["unknown"]
    stream_version: Positive
    seed: CorruptionSeed
    severities: str
    laws: Mapping[str, Positive]
    foreign: str | None = field(default=None, metadata={"when_set": True})


@dataclass(frozen=True)
class RunKey:
    """Exactly what decides the numbers of a run. Equal keys are one run.

    Versions of this program and of libraries are no part of it: probes notice where they matter.
    """

    segmenter: SegmenterRecord
    dataset: DatasetRecord
    corruption: CorruptionRecord

    @cached_property
    def digest(self) -> str:
        """sha256 of the key, as 64 hex digits."""
        return digest_bytes(canonical_json(to_table(self)).encode())


DifferenceKind = Literal[
    "data",
    "extent",
    "files",
    "corruption",
    "network",
    "inference",
    "preprocessing",
    "training",
    "weights",
    "training seed",
]
"""In what two runs differ: dataset, split and classes; the number of images; the dataset's files;
the corruptions' parameters and random numbers; the network; precision and windows; the steps from
an image to its labels; how the network was trained; its weights; the seed of its training."""


@dataclass(frozen=True)
class Difference:
    """One thing in which two runs differ.

    Attributes:
        kind: What it is about.
        name: What it is, in words.
        one: Its value in the first run, if that is short.
        other: Its value in the second run.
    """

    kind: DifferenceKind
    name: str
    one: str = ""
    other: str = ""

    @property
    def of_images(self) -> bool:
        """Whether the images or classes differ: scores of the two runs do not compare."""
        return self.kind in ("data", "extent", "files")

    @property
    def noted(self) -> bool:
        """Whether a reader of two scores that compare must know of it."""
        return self.kind in ("corruption", "inference")

    @property
    def of_training(self) -> bool:
        """Whether two trainings of one recipe differ in it."""
        return self.kind in ("weights", "training seed")

    @property
    def of_draws(self) -> bool:
        """Whether two draws of the corruptions' random numbers differ in it."""
        return self.name == _SEED


@dataclass(frozen=True)
class RunRecord:
    """What run.json says.

    Attributes:
        model: The model's name in every table.
        key: Exactly what decides the numbers.
        protocol: Name of the protocol that it was evaluated under; it chooses and averages
            conditions and changes no image.
        protocol_version: Its version.
        clip: How many consecutive images are drawn together where an interval is computed.
        palette: One RGB colour, 0..255, for each class.
        about: What a reader wants to know of the model.
        published: The model's published clean score, if it is of these very images.
        libraries: Versions of what computed the first rows, by name.
        hardware: What the first rows were computed on.
        created: When the run began, in ISO 8601, UTC.
        command: The command that began it.
    """

    model: str
    key: RunKey
    protocol: str
    protocol_version: str
    clip: Positive = 1
    palette: tuple[tuple[Level, Level, Level], ...] = ()
    about: ModelFacts = field(default_factory=ModelFacts)
    published: Published | None = None
    libraries: Mapping[str, str] = field(default_factory=dict)
    hardware: str = ""
    created: str = ""
    command: str = ""

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
        """How many images the run has when it is complete."""
        return self.key.dataset.images

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the class indices."""
        return self.key.dataset.classes

    @property
    def stream(self) -> str:
        """Where the corruptions' random numbers came from."""
        return self.key.corruption.stream

    @property
    def seed(self) -> int:
        """Seed of the corruptions' random numbers."""
        return self.key.corruption.seed

    @property
    def training_seed(self) -> int | None:
        """Seed of the training of the weights; None where their card does not say."""
        return self.about.training.seed if self.about.training else None

    def differences(self, other: "RunRecord") -> tuple[Difference, ...]:
        """In what two runs differ that changes a number, but for the model's name.

        This is the only place that knows what makes two runs comparable (no difference is
        `of_images`), trainings of one model (all are `of_training`), or the same run (equal keys:
        there is none).
        """
        mine, theirs = list(self._facts()), list(other._facts())
        found = [
            Difference(kind, name, _text(one), _text(another))
            for (kind, name, one), (_, _, another) in zip(mine, theirs, strict=True)
            if one != another
        ]
        origins = [each for each in found if each.name == _ORIGIN]
        if origins:  # nothing is known of how the images of such a tree were made
            found = [each for each in found if each.kind != "corruption"] + origins
        training = self.about.training, other.about.training
        if training[0] and training[1]:
            texts = training[0].differences(training[1])
            found += [Difference("training", text) for text in texts]
        elif training[0] or training[1]:
            had = ("known" if each else "unknown" for each in training)
            found.append(Difference("training", "training", *had))
        return tuple(found)

    def _facts(self) -> Iterator[tuple[DifferenceKind, str, object]]:
        data, corruption, segmenter = self.key.dataset, self.key.corruption, self.key.segmenter
        inference = segmenter.inference
        yield "data", "dataset", data.name
        yield "data", "split", data.split
        yield "extent", "number of images", data.images
        yield "data", "classes", data.classes
        yield "files", "the files of the dataset", data.fingerprint
        foreign = corruption.foreign
        origin = f"of unknown origin ({foreign[:8]})" if foreign else "made by robustseg"
        yield "corruption", _ORIGIN, origin
        yield "corruption", "stream", corruption.stream
        yield "corruption", "version of the stream", corruption.stream_version
        yield "corruption", _SEED, corruption.seed
        yield "corruption", "severity tables", corruption.severities
        yield "corruption", "versions of the corruptions", corruption.laws
        yield "network", "architecture", segmenter.architecture
        yield "network", "variant", segmenter.variant
        yield "network", "configuration", segmenter.config
        yield "network", "facts of its own", segmenter.own
        yield "inference", "precision", segmenter.precision_text
        yield "inference", "inference", inference.mode if inference else None
        yield "inference", "windows", inference.crop if inference else None
        yield "inference", "stride", inference.stride if inference else None
        for name in ("preprocessing", "resize", "input_size", "grid", "align_corners", "runtime"):
            yield "preprocessing", name.replace("_", " "), getattr(segmenter, name)
        yield "preprocessing", "versions of the steps to the labels", segmenter.laws
        yield "weights", "weights", segmenter.weights
        yield "training seed", "seed of the training", self.training_seed


def read_record(folder: Path) -> RunRecord:
    """Read run.json of a run folder, of this format or an older one.

    Raises:
        ResultsError: It is missing, broken, or of a format that this version does not know.
    """
    path = folder / RUN_FILE
    try:
        table = read_json(path)
    except FileNotFoundError:
        raise ResultsError(f"{folder}: no {RUN_FILE} here; name a run folder") from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} cannot be read ({error}); remove this run folder") from error
    number = table.get("format") if isinstance(table, dict) else None
    if type(number) is not int or number not in (1, FORMAT):
        raise ResultsError(
            f"{path} is no run of this program, or of format {one_line(str(number), 20)}, which "
            f"this version does not know ({FORMAT} is the newest); remove this run folder, or use "
            "a newer version"
        )
    try:
        if number == 1:
            from robustbench_seg.records.first_format import upgrade

            table = upgrade(table)
        del table["format"]
        digest = table.pop("digest", None)
        record = from_table(RunRecord, table, str(path))
    except CardError as error:
        raise ResultsError(f"{error}; remove this run folder") from error
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError) as error:
        missing = f"the key {error} is missing" if isinstance(error, KeyError) else None
        why = f"{path}: {missing or 'a field is mistyped'}"
        raise ResultsError(f"{why}; remove this run folder") from error
    if number == FORMAT and digest != record.key.digest:
        raise ResultsError(
            f"{path} was altered: its key is not that of its digest; remove this run"
        )
    return record


def write_record(folder: Path, record: RunRecord) -> None:
    """Write run.json of a run folder."""
    table = {"format": FORMAT, "digest": record.key.digest, **to_table(record)}
    write_json(folder / RUN_FILE, table)


def library_texts(one: RunRecord, other: RunRecord) -> tuple[str, ...]:
    """The libraries of which two runs had other versions, such as "numpy 2.0.1 and 2.1"."""
    mine, theirs = one.libraries, other.libraries
    return tuple(
        f"{name} {mine.get(name, 'absent')} and {theirs.get(name, 'absent')}"
        for name in {**mine, **theirs}
        if mine.get(name) != theirs.get(name)
    )


def first_difference(one: RunKey, other: RunKey) -> str:
    """The first place where two keys differ, in words: "its precision is bf16, not float32"."""
    return next(_unequal(to_table(one), to_table(other)), "nothing that this version knows")


def _unequal(one: object, other: object, where: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one | other:
            yield from _unequal(one.get(name), other.get(name), f"{where} {name}".strip())
    elif one != other:
        yield f"its {where} is {_text(one)}, not {_text(other)}"


def _text(value: object) -> str:
    if value is None or isinstance(value, str | int | float):
        return str(value)
    if hasattr(value, "__dataclass_fields__"):
        shown = {f.name: getattr(value, f.name) for f in fields(value)}  # type: ignore[arg-type]
        return ", ".join(f"{name} {_text(item)}" for name, item in shown.items())
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
