"""The number format that a network computes in."""

import torch

PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""Name -> number format of the forward pass; all except float32 use autocast."""


def exact_float32() -> None:
    """Have GPUs compute float32 as such: by default their convolutions round factors to TF32.

    A run that says float32 is then the same on a GPU and on a CPU, up to the order of its sums.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
