"""A model's own image processor, run by transformers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from robustbench_seg.errors import ModelError
from robustbench_seg.records.values.ranges import MAX_SIDE
from robustbench_seg.segmenter.adapters.transformers.processor_file import (
    PROCESSOR_FILE,
    PYTHON_ADVICE,
    read_object,
)
from robustbench_seg.segmenter.foreign_errors import reason

PROCESSOR_LAW = 1
"""Increment when the use of image processors of transformers changes."""

SIZES = ("size", "crop_size", "pad_size", "max_size", "size_divisor")
"""Keys of preprocessor_config.json with side lengths in pixels."""

ModelInputs = Mapping[str, Any]
"""What transformers' processor returns for an image: tensors and lists, by the model's names."""


@dataclass(frozen=True)
class Edges:
    """The edges to which an image processor scales images with their aspect ratio kept.

    Attributes:
        shortest: The shortest edge, in pixels.
        longest: The longest edge, in pixels. None: no limit.
    """

    shortest: int
    longest: int | None


class ImageProcessor:
    """A model's image processor, run by transformers with PIL, on the CPU.

    Most processors also have a version that uses torchvision, which rounds differently. PIL gives
    the same pixels on every machine.

    Attributes:
        edges: The edges to which images are scaled. None: they are scaled in another way.
    """

    def __init__(self, folder: Path, where: str) -> None:
        """Load the processor. No code of the folder runs.

        Args:
            folder: The folder of the model.
            where: The model's name in errors.

        Raises:
            ModelError: transformers cannot build it, or its images would be too large.
        """
        from transformers import AutoImageProcessor, __version__

        self._where = where
        file = read_object(folder / PROCESSOR_FILE)
        for key in SIZES:
            for side in _integers(file.get(key)):
                if abs(side) > MAX_SIDE:
                    raise ModelError(
                        f"{where}: {PROCESSOR_FILE}: {key} has {str(side)[:40]}; expected sides "
                        f"of 1 to {MAX_SIDE} pixels"
                    )
        # OneFormer's processor would download texts for training from the hub.
        own: dict[str, Any] = {"class_info_file": None} if "class_info_file" in file else {}
        own |= {"backend": "pil"} if int(__version__.split(".")[0]) >= 5 else {"use_fast": False}
        load: Any = AutoImageProcessor.from_pretrained
        try:
            self._process: Any = load(folder, local_files_only=True, trust_remote_code=False, **own)
            size = dict(getattr(self._process, "size", None) or {})
        except Exception as error:  # damaged values raise errors of any type
            raise ModelError(
                f"{where}: transformers cannot build its image processor ({reason(error)}); "
                f"{PYTHON_ADVICE}"
            ) from error
        short = size.get("shortest_edge")
        self.edges = Edges(int(short), size.get("longest_edge")) if short else None

    def __call__(self, image: NDArray[np.uint8]) -> ModelInputs:
        """Prepare an image.

        Args:
            image: uint8 HxWx3 RGB.

        Returns:
            The model's inputs, with pixel_values of Nx3xhxw, and patch_offsets if the image is cut
            into windows.

        Raises:
            ModelError: The processor fails on the image.
        """
        try:
            answer: dict[str, Any] = dict(
                self._process(images=image, input_data_format="channels_last", return_tensors="pt")
            )
            pixels = answer["pixel_values"]
            if not isinstance(pixels, torch.Tensor) or pixels.ndim != 4:
                raise TypeError("its pixel_values do not have the shape Nx3xhxw")
        except Exception as error:  # wrong values raise errors of any type
            height, width = image.shape[:2]
            raise ModelError(
                f"{self._where}: its image processor does not take an image of {height}x{width} "
                f"({reason(error)}); {PYTHON_ADVICE}"
            ) from error
        answer["pixel_values"] = pixels.float()
        return answer


def _integers(value: object) -> list[int]:
    if isinstance(value, Mapping):
        return [side for each in value.values() for side in _integers(each)]
    if isinstance(value, list):
        return [side for each in value for side in _integers(each)]
    return [int(value)] if isinstance(value, int | float) and abs(value) < 1e300 else []
