"""All options of an evaluation, as one value.

The command line, Python, shards, torchrun's processes and Ray's tasks all use this object.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Unpack

from robustbench_seg.errors import CorruptionError, OptionError
from robustbench_seg.machine.command_text import command_line
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.segmenter_record import UNTRAINED
from robustbench_seg.records.specs.model_spec import ModelOptions, ModelSpec
from robustbench_seg.records.specs.spec_values import as_tuple, spec_values
from robustbench_seg.records.values.choices import (
    CONFIDENCE_FORMATS,
    Executor,
    PredictionFormat,
    Stream,
)
from robustbench_seg.records.values.condition import CLEAN, SEVERITIES, Condition
from robustbench_seg.records.values.defaults import DATASET, PROTOCOL, RUNS, SPLIT
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
class EvaluationSpec(ModelSpec):
    """Which models to evaluate on which images, and how.

    It also has the fields of ModelSpec, such as device and precision. They hold for all models.

    Attributes:
        models: Names of cards, card files, or models that need no card (see MODEL_FORMS).
        data: Root folder of the dataset. None: the default of the dataset.
        dataset: Name of the dataset, or its TOML file.
        split: Split of the dataset.
        limit: Number of images to score, the first of the split; at least 1. None: all.
        corrupted: Tree of corrupted images to read. None: corrupt the images in memory.
        protocol: Name of the protocol, or its TOML file.
        corruptions: Names of corruptions and attacks in the protocol. Empty: all. "clean" alone:
            none. Clean images are always scored.
        severities: Severities, 1 to 5. Empty: all.
        stream: Random number stream of the corruptions: "fast" or "reference".
        seeds: Seeds of the corruptions, 0 to 2^32 - 1. Each seed gives a separate run. The first
            run has all conditions; the others have clean images and the random conditions.
        measures: Names of the measures. Empty: all.
        class_map: Name of a class map, or its TOML file. It maps the classes that the models
            predict to those of the dataset. None: the models predict the classes of the dataset.
        temperature: Divisor of the logits before the softmax, 0.01 to 100, for a second
            confidence. "fit": the temperature with the lowest NLL on clean images that are not
            scored. None: no second confidence.
        out: Folder of run folders.
        batch: As in ModelSpec, but 4 by default.
        threads: CPU threads of each network, 1 to 1024. None: the default of torch, divided by the
            number of processes.
        processes: Processes of this machine that share the images, each with its own network.
            1: only this process.
        workers: Threads that prepare images, 1 to 256. None: 1 on a CPU, more on a GPU.
        shard: The part of the images to run.
        executor: "local", or "ray" for a cluster.
        save_predictions: Folder for the predictions. None: they are not saved.
        save_confidence: Whether to save the confidence of each prediction in that folder, too.
        prediction_format: Names and values of these files: class indices in files named after the
            image ids, or the format of a test server.
        attack_from: The model whose gradients the attacks use, as in `models`. None: the scored
            model.
        round_attacks: Whether to round attacked images to 8 bits before they are scored.
        class_frequencies: File of class frequencies, for attacks that balance the classes. None:
            the shipped file of the dataset, if there is one.
        save_attacks: Folder for attacked images, as float32 .npy files.
        folder: Working folder. The nodes of a cluster change to it.
        command: The command line, recorded in the run.

    Raises:
        OptionError: A value does not exist or is out of range; there is no model or no seed, or a
            seed is repeated; or two options exclude each other: a name or weights with several
            models, a shard or processes with a cluster, processes with a GPU, several seeds with a
            tree or saved predictions, a fitted temperature with a class map, a prediction format or
            confidence without a folder.
        CorruptionError: A severity does not exist.

    >>> spec = rs.EvaluationSpec(("segformer-b0",), corruptions=("fog",), severities=(3,))
    >>> spec.dataset, spec.seeds
    ('cityscapes', (0,))
    """

    models: tuple[str, ...]
    data: Path | None = None
    dataset: str = DATASET
    split: str = SPLIT
    limit: Limit | None = None
    corrupted: Path | None = None
    protocol: str = PROTOCOL
    corruptions: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    stream: Stream = "fast"
    seeds: tuple[CorruptionSeed, ...] = (0,)
    measures: tuple[str, ...] = ()
    class_map: str | None = None
    temperature: float | Literal["fit"] | None = None
    out: Path = Path(RUNS)
    batch: Batch = field(default=4, kw_only=True)
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
            raise OptionError(
                "name and weights are for a single model; evaluate the models one by one"
            )
        super().__post_init__()
        if not isinstance(self.shard, Shard):
            raise OptionError(
                f"shard = {self.shard!r:.60} is not a Shard; give a Shard, such as Shard(1, 2)"
            )
        if self.processes > 1 and (self.executor == "ray" or self.device != "cpu"):
            raise OptionError(
                "processes is for the CPUs of this machine; for GPUs start one process per "
                "GPU with torchrun, and with the executor ray leave out processes"
            )
        if self.executor == "ray" and self.shard != WHOLE:
            raise OptionError(
                "a shard is for machines without a cluster; leave out shard or the executor ray"
            )
        self._check_confidence()
        if self.prediction_format != "indices" and self.save_predictions is None:
            raise OptionError(
                f"the prediction format {self.prediction_format} needs a folder; also "
                "give save_predictions"
            )
        for severity in self.severities:
            if type(severity) is not int or severity not in SEVERITIES:
                raise CorruptionError(
                    f"severity {severity!r} does not exist; choose 1 to {SEVERITIES[-1]}"
                )
        self._check_temperature()
        self._check_seeds()

    def _check_confidence(self) -> None:
        if self.save_confidence and self.save_predictions is None:
            raise OptionError("confidence is saved next to predictions; also give save_predictions")
        if self.save_confidence and self.prediction_format not in CONFIDENCE_FORMATS:
            raise OptionError(
                f"the prediction format {self.prediction_format} has no confidence; leave out "
                "save_confidence"
            )

    def _check_temperature(self) -> None:
        if self.temperature not in (None, "fit") and not TEMPERATURE.has(self.temperature):
            raise OptionError(
                f"temperature = {self.temperature!r:.60} is not valid; give {TEMPERATURE}, or fit"
            )
        if self.temperature == "fit" and self.class_map is not None:
            raise OptionError(
                "a temperature cannot be fitted with a class map, because the probability of the "
                "true class is unknown; give it as a number"
            )

    def _check_seeds(self) -> None:
        if not self.seeds:
            raise OptionError("seeds is empty; give a seed of the corruptions, such as 0")
        for seed in self.seeds:
            if self.seeds.count(seed) > 1:
                raise OptionError(f"the seed {seed} is given twice; give each once")
        if len(self.seeds) == 1:
            return
        if self.corrupted is not None:
            raise OptionError(
                f"{self.corrupted} holds the images of one seed; evaluate each seed separately"
            )
        if self.save_predictions is not None:
            raise OptionError(
                "predictions of several seeds would have the same file names; save those of one "
                "seed"
            )
        if self.save_attacks is not None:
            raise OptionError(
                "attacked images of several seeds would have the same file names; save those of "
                "one seed"
            )

    def conditions(self, protocol: Protocol) -> tuple[Condition, ...]:
        """List the requested conditions in protocol order, without clean.

        Args:
            protocol: The protocol.

        Raises:
            CorruptionError: The protocol has no such corruption.
        """
        named = [name for name in self.corruptions if name != CLEAN.name]
        if self.corruptions and not named:
            return ()
        return protocol.conditions(named, self.severities)


class EvaluationOptions(ModelOptions, total=False):
    """Fields of EvaluationSpec except models, dataset and protocol, as users write them."""

    data: str | Path | None
    split: str
    limit: int | None
    corrupted: str | Path | None
    corruptions: str | Iterable[str]
    severities: int | Iterable[int]
    stream: Stream
    seeds: int | Iterable[int]
    measures: str | Iterable[str]
    class_map: str | Path | None
    temperature: float | Literal["fit"] | None
    out: str | Path
    threads: int | None
    processes: int
    workers: int | None
    shard: Shard
    executor: Executor
    save_predictions: str | Path | None
    save_confidence: bool
    prediction_format: PredictionFormat
    attack_from: str | Path | None
    round_attacks: bool
    class_frequencies: str | Path | None
    save_attacks: str | Path | None
    folder: str | Path
    command: str


def evaluation_spec(
    model: str | Path | Iterable[str | Path],
    *,
    dataset: str | Path = EvaluationSpec.dataset,
    protocol: str | Path = EvaluationSpec.protocol,
    **options: Unpack[EvaluationOptions],
) -> EvaluationSpec:
    """Build an EvaluationSpec. Single values stand for tuples, and strings for paths.

    Args:
        model: A model, or several.
        dataset: Name of the dataset, or its TOML file.
        protocol: Name of the protocol, or its TOML file.
        **options: The other fields of EvaluationSpec.

    Raises:
        OptionError: An option does not exist, has no such value, or conflicts with another.
    """
    given = {"dataset": dataset, "protocol": protocol, **options}
    values = spec_values(EvaluationSpec, given, "option of evaluate")
    if values.get("out", EvaluationSpec.out) is None:
        raise OptionError("out is None; give a folder for the run folders")
    return EvaluationSpec(models=tuple(map(str, as_tuple(model))), **values)
