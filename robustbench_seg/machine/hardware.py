"""The hardware of a computation: its availability and its name."""

import platform
from pathlib import Path

import torch

from robustbench_seg.errors import OptionError


def check_device(device: str) -> None:
    """Refuse a device that torch does not know or cannot use.

    Args:
        device: A torch device, such as "cuda:0".

    Raises:
        OptionError: There is no such device, or it cannot be used.
    """
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        if "not compiled with CUDA" in first:
            first = "this build of torch is for CPUs; install one with CUDA (pytorch.org)"
            raise OptionError(f"device '{device}': {first}, or choose another device") from None
        raise OptionError(f"device '{device}': {first}; choose another device") from None
    found = torch.device(device)
    if found.type == "meta":
        raise OptionError("device 'meta' computes no numbers; choose another device")
    if found.type == "cpu" and found.index is not None:
        raise OptionError(f"device '{device}': torch does not number CPUs; choose cpu")


def hardware(device: str) -> str:
    """Name the hardware of a device.

    Args:
        device: A torch device, such as "cuda:0".

    Returns:
        The name of the GPU, or that of the processor and torch's number of threads.
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{_processor()}, {threads} thread{'s' if threads > 1 else ''}"


def processor_features() -> frozenset[str]:
    """List the features of the processor with their names in Linux, such as "avx512_bf16".

    Returns:
        The features; empty if the system does not list them.
    """
    return frozenset((_cpuinfo("flags") or _cpuinfo("Features")).split())


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(field: str) -> str:
    """Return the first value of a field of /proc/cpuinfo; empty if there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    values = [line.partition(":")[2].strip() for line in lines if line.startswith(field)]
    return values[0] if values else ""
