"""The number format of the computations of a network."""

import torch

from robustbench_seg.machine.hardware import processor_features

PRECISIONS = {
    "float32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "int8": torch.float32,
}
"""Name -> number format of torch in the forward pass; all except float32 use autocast.

In int8 a runtime computes a quantised graph with float32 inputs and outputs.
"""


_FEATURES = {
    "bf16": {"amx_bf16", "avx512_bf16", "bf16"},
    "fp16": {"amx_fp16", "avx512_fp16", "asimdhp"},
}
"""Processor features for fast multiplication in a format, as Linux names them on x86 and ARM."""


def why_slow(precision: str, device: str) -> str | None:
    """Explain why a precision would save no time on a device.

    Args:
        precision: Name of the number format.
        device: Torch device.

    Returns:
        One line. None: it may save time, or the features of the processor are unknown.
    """
    features, wanted = processor_features(), _FEATURES.get(precision, set())
    if not device.startswith("cpu") or not wanted or not features or features & wanted:
        return None
    return (
        f"precision {precision}: this processor does not support it (it has none of "
        f"{', '.join(sorted(wanted))}), so float32 is faster"
    )


def exact_float32() -> None:
    """Make GPUs compute in full float32: by default their convolutions round factors to TF32.

    A run in float32 then gives the same results on a GPU and on a CPU, up to the order of sums.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
