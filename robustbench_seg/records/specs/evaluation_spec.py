"""Everything that an evaluation is asked to do, as one value.

The command line, Python, shards, torchrun's processes and Ray's tasks all pass this object on.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from robustbench_seg.codec import check_ranges, check_text
from robustbench_seg.errors import CorruptionError, OptionError
from robustbench_seg.machine.command_text import command_line
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.segmenter_record import UNTRAINED
from robustbench_seg.records.values.adaptation import Adaptation, AdaptImages, Prior
from robustbench_seg.records.values.augment import augment_text
from robustbench_seg.records.values.choices import (
    CONFIDENCE_FORMATS,
    AdaptationMethod,
    Backend,
    Executor,
    InferenceMode,
    Precision,
    PredictionFormat,
    Stream,
    check_choices,
)
from robustbench_seg.records.values.condition import CLEAN, SEVERITIES, Condition
from robustbench_seg.records.values.input_size import input_size_text
from robustbench_seg.records.values.ranges import (
    TEMPERATURE,
    Batch,
    CorruptionSeed,
    Limit,
    Processes,
    Threads,
    Workers,
)
from robustbench_seg.records.values.shard import WHOLE, Shard

NO_MODEL = "give a model: its name, a segmenter, a torch module or a callable"


@dataclass(frozen=True)
class EvaluationSpec:
    """What to evaluate, and how. JSON-able with codec.to_table.

    Attributes:
        models: Names of cards, card files, or models that need no card (see MODEL_FORMS).
        data: Root folder of the dataset; None: the dataset's own default.
        dataset: Name of the dataset, or its TOML file.
        split: Split of the dataset.
        limit: Number of images: only the first ones are used. None: all.
        corrupted: A tree to read corrupted images from; None: they are made in memory.
        protocol: Name of the protocol, or its TOML file.
        corruptions: Names of the corruptions and attacks of the protocol. Empty: all. "clean"
            alone: none. Clean images are always scored.
        severities: The severities. Empty: all.
        stream: Source of the corruptions' random numbers: "fast" or "reference".
        seeds: Seeds of the corruptions' random numbers, 0 to 2^32 - 1. Each seed gives a run of its
            own. The first run has every condition, the others have clean images and the conditions
            that draw random numbers.
        measures: Names of the measures. Empty: all.
        class_map: Name of a class map, or its TOML file: the models predict other classes than the
            dataset has, and are scored in the dataset's. None: they predict the dataset's classes.
        temperature: Divisor of the logits before the softmax, for a second confidence. "fit": the
            temperature of the least NLL on clean images that are not scored. None: no second
            confidence.
        out: Folder of run folders.
        weights: A file, hf:<hub id> or URL in place of the card's weights; "none": random weights.
        name: Name of the model in every table. None: the model's own name.
        inference: Whole images or windows; None: the model's own mode.
        input_size: Size at which an hf: model gets images: "native" (their own size), "processor"
            (as its image processor prepares them) or height and width such as "512x1024".
            None: native if the network takes any size, else processor.
        augment: Test-time augmentation: "flip", scales such as "0.75,1.25", or both. Predictions
            for these variants of an image and for the image itself are averaged. None: the image
            alone.
        adapt: "bn": the statistics of BatchNorm come from images of each condition, and the model's
            name ends in "-bn". None: the network stays as it is.
        adapt_images: Number of these images, evenly spaced in the split; "all": all.
        adapt_prior: Weight of the network's own statistics, as a number of images; 0: they are
            not used.
        device: A torch device.
        precision: Number format of the forward pass: "float32", "bf16" or "fp16".
        backend: What runs the network of a card. "auto": the quickest that can; the key of a run
            names what was chosen.
        batch: Windows of an image that a GPU processes at once.
        threads: CPU threads of a network; None: as many as torch takes, shared by the processes.
        processes: Processes of this machine that share the images, each with a network of its own
            threads; 1: this process alone.
        workers: Threads that make images ahead of the network; None: 1, for a GPU more.
        shard: The part of the images to run here.
        executor: "local", or "ray" for a cluster.
        save_predictions: Folder to which predictions are written, too. None: they are not kept.
        save_confidence: Whether the confidence of each prediction is also written there.
        prediction_format: Names and values of these files: class indices in files named after the
            images' ids, or the format of a test server.
        attack_from: The model to attack, as in `models`; None: the one that is scored.
        round_attacks: Whether attacked images are rounded to 8 bits before they are scored.
        class_frequencies: File of class frequencies, for attacks that balance the classes; None:
            the file that ships with the program, if there is one for the dataset.
        save_attacks: Folder to write attacked images to, as float32 .npy files.
        folder: The working folder; the nodes of a cluster change to it.
        command: The command that was given, for readers.

    Raises:
        OptionError: A value does not exist or is out of range; there is no model, no seed, or one
            seed twice; or two options do not go together: a name or weights with several models, a
            shard or processes with a cluster, processes with a GPU, several seeds with a tree or
            with saved predictions, a fitted temperature with a class map, a prediction format or
            confidence without a folder.
        CorruptionError: A severity does not exist.
    """

    models: tuple[str, ...]
    data: Path | None = None
    dataset: str = "cityscapes"
    split: str = "val"
    limit: Limit | None = None
    corrupted: Path | None = None
    protocol: str = "cityscapes-c"
    corruptions: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    stream: Stream = "fast"
    seeds: tuple[CorruptionSeed, ...] = (0,)
    measures: tuple[str, ...] = ()
    class_map: str | None = None
    temperature: float | Literal["fit"] | None = None
    out: Path = Path("runs")
    weights: str | None = None
    name: str | None = None
    inference: InferenceMode | None = None
    input_size: str | None = field(default=None, metadata={"parse": input_size_text})
    augment: str | None = field(default=None, metadata={"parse": augment_text})
    adapt: AdaptationMethod | None = None
    adapt_images: AdaptImages = Adaptation.images
    adapt_prior: Prior = Adaptation.prior
    device: str = "cpu"
    precision: Precision = "float32"
    backend: Backend = "torch"
    batch: Batch = 4
    threads: Threads | None = None
    processes: Processes = 1
    workers: Workers | None = None
    shard: Shard = WHOLE
    executor: Executor = "local"
    save_predictions: Path | None = None
    save_confidence: bool = False
    prediction_format: PredictionFormat = "indices"
    attack_from: str | None = None
    round_attacks: bool = False
    class_frequencies: Path | None = None
    save_attacks: Path | None = None
    folder: Path = field(default_factory=Path.cwd)
    command: str = field(default_factory=command_line)

    def __post_init__(self) -> None:
        if not self.models:
            raise OptionError(NO_MODEL)
        if len(self.models) > 1 and (self.name or self.weights not in (None, UNTRAINED)):
            raise OptionError("a name and weights go with a single model; evaluate them one by one")
        if not isinstance(self.shard, Shard):
            raise OptionError(
                f"shard = {self.shard!r:.60} is not a Shard; give one, such as Shard(1, 2)"
            )
        if self.processes > 1 and (self.executor == "ray" or self.device != "cpu"):
            raise OptionError(
                "several processes are for the CPUs of this machine; for GPUs start one for each "
                "with torchrun, and leave them out with the executor ray"
            )
        if self.executor == "ray" and self.shard != WHOLE:
            raise OptionError("a shard is for machines that share no cluster; leave it out")
        self._check_confidence()
        self._check_adaptation()
        check_choices(self)
        if self.prediction_format != "indices" and self.save_predictions is None:
            raise OptionError(
                f"the prediction format {self.prediction_format} has nowhere to go; say where to "
                "save predictions"
            )
        if self.input_size != input_size_text(self.input_size):
            raise OptionError(f"write the input size as {input_size_text(self.input_size)}")
        if self.augment != augment_text(self.augment):
            raise OptionError(f"write augment as {augment_text(self.augment)}")
        for severity in self.severities:
            if type(severity) is not int or severity not in SEVERITIES:
                raise CorruptionError(f"severity {severity!r} does not exist; it is one of 1 to 5")
        self._check_temperature()
        check_ranges(self)
        self._check_seeds()
        check_text("name", self.name)

    def _check_confidence(self) -> None:
        if self.save_confidence and self.save_predictions is None:
            raise OptionError("confidence is saved beside predictions; give save_predictions, too")
        if self.save_confidence and self.prediction_format not in CONFIDENCE_FORMATS:
            raise OptionError(
                f"the prediction format {self.prediction_format} has no confidence; leave out "
                "save_confidence"
            )

    def _check_temperature(self) -> None:
        if self.temperature not in (None, "fit") and not TEMPERATURE.has(self.temperature):
            raise OptionError(
                f"temperature = {self.temperature!r:.60} does not exist; give {TEMPERATURE}, or fit"
            )
        if self.temperature == "fit" and self.class_map is not None:
            raise OptionError(
                "a temperature cannot be fitted with a class map, because the probability of the "
                "true class is unknown; give it as a number"
            )

    def _check_adaptation(self) -> None:
        if self.adapt is not None:
            Adaptation(self.adapt, self.adapt_images, self.adapt_prior)
        elif (self.adapt_images, self.adapt_prior) != (Adaptation.images, Adaptation.prior):
            raise OptionError("adapt_images and adapt_prior go with adapt; give adapt bn, too")

    def _check_seeds(self) -> None:
        if not self.seeds:
            raise OptionError("give a seed of the corruptions, such as 0")
        for seed in self.seeds:
            if self.seeds.count(seed) > 1:
                raise OptionError(f"the seed {seed} is given twice; give each once")
        if len(self.seeds) == 1:
            return
        if self.corrupted is not None:
            raise OptionError(
                f"{self.corrupted} holds the images of one seed; evaluate each seed by itself"
            )
        if self.save_predictions is not None:
            raise OptionError(
                "predictions of several seeds would have the same names; save those of one seed"
            )
        if self.save_attacks is not None:
            raise OptionError(
                "attacked images of several seeds would have the same names; save those of one seed"
            )

    def conditions(self, protocol: Protocol) -> tuple[Condition, ...]:
        """List the conditions that are asked for, in the protocol's order; clean is left out.

        Args:
            protocol: The protocol.

        Raises:
            CorruptionError: The protocol has no such corruption.
        """
        named = [name for name in self.corruptions if name != CLEAN.name]
        if self.corruptions and not named:
            return ()
        return protocol.conditions(named, self.severities)
