"""The optimiser step: a network with its optimiser, loss scale and moving average."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.datasets import IGNORE
from robustbench_seg.errors import ModelError
from robustbench_seg.machine.precision import PRECISIONS, exact_float32
from robustbench_seg.machine.torchrun import Processes
from robustbench_seg.records.values.choices import Precision
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.optimiser import make_optimiser, set_learning_rate
from robustbench_seg.training.schedule import learning_rate_factor

StateDict = Mapping[str, Any]
"""What torch saves of several of its objects, by name."""

_DROP = 2  # a random stream of the seed, separate from those of the batches


def segmentation_loss(logits: Tensor, labels: Tensor, *, align_corners: bool = False) -> Tensor:
    """Compute the cross-entropy of logits against labels.

    The sum over scored pixels is divided by the number of all pixels, including ignored ones, as in
    the original recipe.

    Args:
        logits: float NxKxhxw; upsampled bilinearly to the labels' size.
        labels: uint8 NxHxW; 255 is ignored.
        align_corners: As in torch.nn.functional.interpolate.

    Returns:
        float32 scalar.
    """
    size = labels.shape[1:]
    logits = F.interpolate(logits.float(), size, mode="bilinear", align_corners=align_corners)
    total = F.cross_entropy(logits, labels.long(), ignore_index=IGNORE, reduction="sum")
    return total / labels.numel()


def seed_step(seed: int, iteration: int, rank: int = 0) -> None:
    """Seed torch's generators for one step of one process.

    The draws of drop path and dropout depend only on these three numbers, like the batches. So a
    training that continues in the middle needs no state of a generator.
    """
    state = np.random.SeedSequence([seed, _DROP, iteration, rank]).generate_state(1, np.uint64)
    torch.manual_seed(int(state[0]))


class Learner:
    """A network, trained in place, with its optimiser, loss scale and moving average.

    Args:
        network: The network; it moves to the device.
        recipe: The hyper-parameters.
        device: A torch device.
        precision: Number format of the forward pass (autocast). The loss is always float32;
            for fp16 it is scaled.
        processes: Processes that share each batch. None means only this one.
    """

    def __init__(
        self,
        network: SegmentationNetwork,
        recipe: TrainingRecipe,
        device: str = "cpu",
        precision: Precision = "float32",
        processes: Processes | None = None,
    ) -> None:
        self._processes = processes or Processes()
        self._recipe = recipe
        self._device = device
        self._precision = PRECISIONS[precision]
        exact_float32()
        network.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self._network = network
        self._align = network.align_corners
        self._replica = self._processes.replicate(network)
        self._optimiser = make_optimiser(network, recipe)
        kind = torch.device(device).type
        self._scaler = torch.amp.GradScaler(kind, enabled=precision == "fp16")
        self._average = None
        if recipe.ema is not None:
            multi_avg_fn = get_ema_multi_avg_fn(recipe.ema)  # type: ignore[no-untyped-call]
            self._average = AveragedModel(network, multi_avg_fn=multi_avg_fn, use_buffers=True)

    @property
    def result(self) -> SegmentationNetwork:
        """The network to validate and save: the average, if there is one, or the network itself."""
        return cast(SegmentationNetwork, self._average.module) if self._average else self._network

    def step(
        self, images: Tensor, labels: Tensor, iteration: int, share: float
    ) -> tuple[float, Tensor]:
        """Take one optimiser step.

        Args:
            images: float32 Nx3xHxW, normalised, on the device.
            labels: uint8 NxHxW.
            iteration: Steps taken so far.
            share: The progress before the step (see `schedule.progress`).

        Returns:
            The learning rate of the backbone, and the loss before the step (a scalar).

        Raises:
            ModelError: A batch of one image cannot be normalised.
        """
        recipe = self._recipe
        factor = learning_rate_factor(recipe, iteration, share)
        set_learning_rate(self._optimiser, factor)
        seed_step(recipe.seed, iteration, self._processes.rank)
        mixed = self._precision is not torch.float32
        with torch.autocast(torch.device(self._device).type, self._precision, mixed):
            logits = self._forward(images)
        labels = labels.to(self._device, non_blocking=True)
        loss = segmentation_loss(logits, labels, align_corners=self._align)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._optimiser.zero_grad()
        if self._average:
            self._average.update_parameters(self._network)
        return recipe.lr * factor, self._processes.mean(loss.detach())

    def finish(self) -> None:
        """Copy the result into the network, in eval mode on the CPU."""
        if self._average:
            self._network.load_state_dict(self._average.module.state_dict())
        self._network.eval().cpu()

    def state_dict(self) -> StateDict:
        """The state that decides the next step."""
        return {
            "network": self._network.state_dict(),
            "optimizer": self._optimiser.state_dict(),
            "scaler": self._scaler.state_dict(),
            "average": self._average.state_dict() if self._average else {},
        }

    def load_state_dict(self, state: StateDict) -> None:
        """Restore a `state_dict` of the same recipe and network."""
        self._network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])
        if self._average:
            self._average.load_state_dict(state["average"])

    def _forward(self, images: Tensor) -> Tensor:
        try:
            logits: Tensor = self._replica(images)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            # DeepLab's image pooling leaves one value per image and channel to normalise.
            raise ModelError(
                "BatchNorm cannot normalise a batch of 1; use a batch of 2 or more for each process"
            ) from None
        return logits
