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

from robustbench_seg.errors import ModelError

_PATIENCE = datetime.timedelta(hours=12)
"""How long the others wait for the first process: it alone validates."""


@dataclass(frozen=True)
class Processes:
    """The `rank`-th (from 0) of `count`; what communicates must be called by all of them."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that validates and writes."""
        return self.rank == 0

    def slots(self, batch: int) -> range:
        """Its part of the places in a batch. ModelError if not all would have as many."""
        if batch % self.count:
            raise ModelError(
                f"a batch of {batch} cannot be shared evenly by {self.count} processes; choose a "
                f"multiple of {self.count}"
            )
        part = batch // self.count
        return range(self.rank * part, (self.rank + 1) * part)

    def replicate(self, network: nn.Module) -> nn.Module:
        """What to call instead of `network`, so that gradients are the mean over all processes.

        On GPUs the BatchNorms of `network` become synchronised ones, in place.
        """
        if self.count == 1:
            return network
        on_gpu = next(network.parameters()).is_cuda
        if on_gpu:
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return DistributedDataParallel(network)

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean of `value` over the processes, the same in each."""
        if self.count == 1:
            return value
        total = value.clone()
        dist.all_reduce(total)
        return total / self.count

    def gathered(self, value: Any) -> list[Any]:
        """Wait for all; what each gave, which must be picklable, rank 0 first."""
        values = [value] * self.count
        if self.count > 1:
            dist.all_gather_object(values, value)
        return values

    def check_same(self, value: int, what: str) -> None:
        """Wait for all. ModelError, in each, where `value` is not the same integer in all."""
        values = self.gathered(value)
        if len(set(values)) > 1:
            there = ", ".join(map(str, values))
            raise ModelError(f"{what} differs between the processes: {there} (rank 0 first)")

    def agreed(self, value: float, device: str) -> float:
        """Return the first process's `value`, in each process."""
        if self.count == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=device)
        dist.broadcast(shared, src=0)
        return float(shared)


def torchrun_processes() -> Processes:
    """The rank of this process among those that torchrun has started; rank 0 of 1 without torchrun.

    Nothing is communicated.
    """
    rank, count = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
    if not (rank and count and "TORCHELASTIC_RUN_ID" in os.environ):
        return Processes()
    return Processes(int(rank), int(count))


def own_device(device: str) -> str:
    """Return this process's device: for "cuda", its GPU under torchrun, else the first GPU."""
    return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if device == "cuda" else device


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the processes that torchrun started with this one, if there are any."""
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
