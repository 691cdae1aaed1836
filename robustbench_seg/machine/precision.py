"""In which number format a network computes."""

import torch

PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""By name: that of the forward pass; all but float32 by autocast."""


def exact_float32() -> None:
    """Have GPUs compute float32 as such: by default their convolutions round factors to TF32.

    A run that says float32 is then the same on a GPU and on a CPU, up to the order of its sums.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
