"""What a computation runs on: whether it is there, and its name."""

import platform
from pathlib import Path

import torch

from robustbench_seg.errors import ModelError


def check_device(device: str) -> None:
    """ModelError, in one line, for a device that torch does not know or cannot use."""
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise ModelError(f"device '{device}': {first}; choose another device") from None


def hardware(device: str) -> str:
    """Name a device: the GPU, or the processor and its number of threads."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{_processor()}, {threads} thread{'s' if threads > 1 else ''}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
