"""The steps of an ablation: typed values that train, score and report."""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from robustbench_seg.errors import IncompleteError
from robustbench_seg.evaluation import Order
from robustbench_seg.files import write_text
from robustbench_seg.records.model_card import Inference, card_text, load_card
from robustbench_seg.records.shard import own_device, torchrun_shard
from robustbench_seg.records.training_spec import TrainingSpec
from robustbench_seg.reporting import read_panels, write_page
from robustbench_seg.training import TrainedModel, finished_training, train
from robustbench_seg.training.distributed import joined

_BATCH, _GPU_WORKERS = 4, 8
"""As `robustseg evaluate` has them by default."""


@dataclass(frozen=True)
class TrainStep:
    """Train one network with one seed."""

    spec: TrainingSpec

    def __str__(self) -> str:
        return f"train {self.spec.name}, seed {self.spec.recipe.seed}"

    def command(self, processes: int = 1) -> str:
        """The equivalent command, for readers."""
        return self.spec.command(processes)

    def finished(self) -> TrainedModel | None:
        """The model that this step has left before, or None; see `finished_training`."""
        return finished_training(self.spec)

    def run(self) -> None:
        """Train, or go on from the checkpoint."""
        train(**vars(self.spec))


@dataclass(frozen=True)
class WindowsStep:
    """Write the card of a trained network that is tested in square windows.

    Attributes:
        card: Card of the trained network.
        windows: Where its other card is to lie.
        side: Side of a window, in pixels; windows overlap by a quarter of it.
    """

    card: Path
    windows: Path
    side: int

    def __str__(self) -> str:
        return f"write {self.windows}, tested in windows of {self.side}"

    def command(self, processes: int = 1) -> str:
        """No command is equivalent."""
        return ""

    def run(self) -> None:
        """Write the card."""
        window = Inference("slide", self.side, 3 * self.side // 4)
        card = replace(load_card(self.card), inference=window)
        write_text(self.windows, card_text(card, "Tested in windows of the training crop."))


@dataclass(frozen=True)
class EvaluateStep:
    """Score one trained network, clean and under every corruption.

    Attributes:
        model: Its card.
        dataset: Name or TOML file of the dataset; its split val is scored.
        data: Root folder of the dataset.
        limit: How many images are scored; None means all.
        device: A torch device.
        out: Folder of run folders.
    """

    model: Path
    dataset: str
    data: Path | None
    limit: int | None
    device: str
    out: Path

    def __str__(self) -> str:
        images = f"the first {self.limit} images of " if self.limit else ""
        return f"score {self.model} on {images}{self.dataset}"

    def command(self, processes: int = 1) -> str:
        """The equivalent command, for readers."""
        words = ["robustseg"]
        if processes > 1:
            words = ["torchrun", "--standalone", f"--nproc-per-node={processes}"]
            words += ["-m", "robustbench_seg"]
        words += ["evaluate", "--model", str(self.model), "--dataset", self.dataset]
        words += ["--data", str(self.data)] if self.data else []
        words += ["--limit", str(self.limit)] if self.limit else []
        return shlex.join([*words, "--device", self.device, "--out", str(self.out)])

    def run(self) -> None:
        """Score what is missing; processes of torchrun share the images."""
        order = Order(
            models=(str(self.model),),
            dataset=self.dataset,
            data=self.data,
            limit=self.limit,
            device=own_device(self.device),
            out=self.out,
            batch=_BATCH,
            workers=_GPU_WORKERS if self.device.startswith("cuda") else 1,
        )
        incomplete = None
        with joined("cpu") as processes:
            # torchrun stops all processes where one fails, so the others finish first.
            try:
                order.open().evaluate(torchrun_shard(), progress=processes.first)
            except IncompleteError as error:
                incomplete = error
            failures = [error for error in processes.gathered(incomplete) if error]
        if processes.first and failures:
            raise failures[0]


@dataclass(frozen=True)
class ReportStep:
    """Write the report of all runs.

    Attributes:
        runs: Folder of run folders.
        out: Folder of the report.
    """

    runs: Path
    out: Path

    def __str__(self) -> str:
        return f"report {self.runs}"

    def command(self, processes: int = 1) -> str:
        """The equivalent command, for readers."""
        return shlex.join(["robustseg", "report", str(self.runs), "--out", str(self.out)])

    def run(self) -> None:
        """Write the page, its tables and its figures."""
        write_page(read_panels([self.runs]), self.out)


Step = TrainStep | WindowsStep | EvaluateStep | ReportStep
