"""The processes that torchrun has started, and their communication."""

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from robustbench_seg.errors import ModelError, OptionError

_PATIENCE = datetime.timedelta(hours=12)
"""How long the other processes wait for the first one, which alone validates."""


@dataclass(frozen=True)
class Processes:
    """One of several processes that work together.

    `replicate`, `mean`, `gather`, `check_same` and `broadcast` communicate: all processes must call
    them, in the same order. The other methods do not communicate.

    Attributes:
        rank: Number of this process, from 0.
        count: Number of processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that validates and writes."""
        return self.rank == 0

    def batch_part(self, batch: int) -> range:
        """Return the places in a batch that this process fills.

        Args:
            batch: Number of places, over all processes.

        Raises:
            OptionError: The places cannot be shared evenly among the processes.
        """
        if batch % self.count:
            raise OptionError(
                f"a batch of {batch} cannot be shared evenly by {self.count} processes; choose a "
                f"multiple of {self.count}"
            )
        part = batch // self.count
        return range(self.rank * part, (self.rank + 1) * part)

    def replicate(self, network: nn.Module) -> nn.Module:
        """Wrap a network, so that its gradients are means over all processes; all call this.

        Args:
            network: The network. On GPUs its BatchNorms become synchronised ones, in place.

        Returns:
            The module to call instead of the network.
        """
        if self.count == 1:
            return network
        on_gpu = next(network.parameters()).is_cuda
        if on_gpu:
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return DistributedDataParallel(network)

    def mean(self, value: Tensor) -> Tensor:
        """Average a tensor over the processes; all call this.

        Args:
            value: The tensor of this process, of the same shape in each.

        Returns:
            The mean, the same in each process.
        """
        if self.count == 1:
            return value
        total = value.clone()
        dist.all_reduce(total)
        return total / self.count

    def gather(self, value: Any) -> list[Any]:
        """Collect a value of each process; all call this, and it waits for all.

        Args:
            value: The value of this process, which must be picklable.

        Returns:
            The values by rank, in each process.
        """
        values = [value] * self.count
        if self.count > 1:
            dist.all_gather_object(values, value)
        return values

    def check_same(self, value: int, what: str) -> None:
        """Check that a number is the same in all processes; all call this, and it waits for all.

        Args:
            value: The number of this process.
            what: The name of the number, for the error.

        Raises:
            ModelError: It differs. Each process raises it.
        """
        values = self.gather(value)
        if len(set(values)) > 1:
            by_rank = ", ".join(map(str, values))
            raise ModelError(f"{what} differs between the processes: {by_rank} (rank 0 first)")

    def broadcast(self, value: float, device: str) -> float:
        """Send a number from the first process to the others; all call this.

        Args:
            value: The number; only that of the first process counts.
            device: Torch device of this process.

        Returns:
            The number of the first process, in each process.
        """
        if self.count == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=device)
        dist.broadcast(shared, src=0)
        return float(shared)


def torchrun_processes() -> Processes:
    """Read from the environment which process of torchrun this is.

    Returns:
        The processes; rank 0 of 1 without torchrun. They can communicate in `process_group` only.
    """
    rank, count = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
    if not (rank and count and "TORCHELASTIC_RUN_ID" in os.environ):
        return Processes()
    return Processes(int(rank), int(count))


def own_device(device: str) -> str:
    """Return this process's device: for "cuda", its GPU under torchrun, else the first GPU."""
    return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if device == "cuda" else device


@contextmanager
def process_group(device: str) -> Iterator[Processes]:
    """Let the processes of torchrun communicate in the block; all must enter it.

    Args:
        device: Torch device of this process: on a GPU they use NCCL, else Gloo.

    Yields:
        The processes; a single one without torchrun.
    """
    processes = torchrun_processes()
    if processes.count == 1:
        yield processes
        return
    on_gpu = torch.device(device).type == "cuda"
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=_PATIENCE)
    try:
        yield processes
    finally:
        dist.destroy_process_group()
