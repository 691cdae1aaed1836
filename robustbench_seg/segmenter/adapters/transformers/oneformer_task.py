"""OneFormer's task text as tokens, which select the kind of segmentation."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.foreign_errors import reason

TASK = "the task is semantic"

TOKENIZER_FILES = ("tokenizer_config.json", "vocab.json", "merges.txt", "tokenizer.json")
"""Files of a tokenizer. A repository may lack some of them."""


def task_tokens(folder: Path, config: Any, where: str) -> Tensor:
    """Tokenise the task as transformers' OneFormerProcessor does.

    Args:
        folder: The folder of the model, with its tokenizer.
        config: The model's configuration.
        where: The model's name in errors.

    Returns:
        int64 tokens 1xL, padded with 0.

    Raises:
        ModelError: The tokenizer is missing or cannot be read.
    """
    from transformers import CLIPTokenizer

    try:
        tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        answer = tokenizer(
            [TASK], padding="max_length", max_length=config.task_seq_len, truncation=True
        )
        return torch.tensor(answer["attention_mask"]) * torch.tensor(answer["input_ids"])
    except Exception as error:  # damaged files raise errors of any type
        raise ModelError(
            f"{where}: its tokenizer, which OneFormer's task text needs, cannot be read "
            f"({reason(error)}); copy vocab.json and merges.txt of the model that the training "
            "started from"
        ) from error
