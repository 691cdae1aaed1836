"""A program of torch.export or TorchScript as a torch module."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from robustbench_seg.errors import ModelError, unknown
from robustbench_seg.segmenter.adapters.programs.exported_file import read_exported
from robustbench_seg.segmenter.adapters.programs.interface import IMAGE_DTYPES, MAX_BATCH
from robustbench_seg.segmenter.adapters.programs.program import Program, only_size
from robustbench_seg.segmenter.adapters.programs.sidecar import Sidecar
from robustbench_seg.segmenter.foreign_errors import reason

TRIED = (64, 96)
"""Height and width of the image that tests whether a program can be differentiated."""


class ExportedNetwork(Program):
    """A program of torch.export or TorchScript as a torch module."""

    def __init__(
        self, path: Path, device: str, sidecar: Sidecar, *, where: str, classes: int
    ) -> None:
        """Read the program and check what it declares.

        Args:
            path: Path of the program.
            device: Torch device.
            sidecar: Its description.
            where: Its name in errors.
            classes: Number of classes that are named.

        Raises:
            ModelError: It cannot be read, does not take a single image, or its size differs from
                that in the sidecar.
            WeightsError: The file is empty, a web page or a Git LFS pointer.
        """
        super().__init__(classes, sidecar)
        file = read_exported(path, device, where)
        self.where, self.params, self.version = where, file.params, str(torch.__version__)
        self._run, self._device, self._name = file.run, device, sidecar.output
        self.nhwc, fixed = sidecar.layout == "NHWC", None
        if file.image is not None:
            shape = file.image
            rgb = len(shape) == 4 and (shape[1] in (3, None) or shape[3] in (3, None))
            if not rgb or file.dtype not in {*IMAGE_DTYPES.values()} or (shape[0] or 1) > MAX_BATCH:
                given = "x".join("?" if side is None else str(side) for side in shape)
                raise ModelError(
                    f"{where}: expected one image as input (float or uint8, 1x3xHxW or 1xHxWx3); "
                    f"it takes {str(file.dtype).removeprefix('torch.')} {given}"
                )
            self.dtype, self.batch = file.dtype, shape[0] or 1
            if sidecar.layout is None:
                self.nhwc = shape[3] == 3 and shape[1] != 3
            height, width = shape[1:3] if self.nhwc else shape[2:]
            fixed = (height, width) if height is not None and width is not None else None
        elif sidecar.mean is None:
            self.dtype = torch.uint8
        self.size = only_size(fixed, sidecar.input_size, where)
        expected = 1 if self._labels or sidecar.threshold is not None else classes
        self.answers_nhwc = sidecar.output_layout == "NHWC"
        answer = file.answer
        if answer is not None and len(answer) == 4:
            if sidecar.output_layout is None:
                self.answers_nhwc = answer[3] == expected and answer[1] != expected
            self.channels = answer[3 if self.answers_nhwc else 1]

    @cached_property
    def why_no_gradient(self) -> str | None:  # type: ignore[override]
        """See Program. A test run shows whether a program of torch is differentiable."""
        if self.gives_labels:
            return "its program returns labels"
        if self._threshold is not None:
            return "its program returns one probability, not logits"
        if self.dtype is not torch.float32:
            kind = str(self.dtype).removeprefix("torch.")
            return f"its program takes {kind}, and a gradient needs float32"
        try:
            with torch.inference_mode(False), torch.enable_grad():
                sides = self.size or TRIED
                image = torch.zeros(1, 3, *sides, device=self._device, requires_grad=True)
                torch.autograd.grad(self(image).sum(), image)
        except ModelError:
            return None  # the size of the test image may be wrong
        except RuntimeError as error:
            return f"its program cannot be differentiated ({reason(error)})"
        return None

    def answer(self, images: Tensor) -> Tensor:
        """See Program."""
        chosen = self._chosen(self._run(images))
        if not (chosen.is_floating_point() or self._labels):
            kind = str(chosen.dtype).removeprefix("torch.")
            raise ModelError(
                f"{self.where}: returns {kind}; if these are class indices, give "
                'answer = "labels" in its TOML file'
            )
        return chosen

    def _chosen(self, answer: Any) -> Tensor:
        """Choose the answer among the tensors that the program returns."""
        if isinstance(answer, Mapping):
            tensors = {str(name): each for name, each in answer.items()}
        elif isinstance(answer, list | tuple):
            tensors = {str(index): each for index, each in enumerate(answer)}
        else:
            tensors = {"0": answer}
        name = self._name if self._name is not None else next(iter(tensors), "")
        if name not in tensors:
            raise ModelError(f"{self.where}: {unknown('output', name, list(tensors))}")
        if self._name is None and len(tensors) > 1:
            listed = ", ".join(f"'{key}'" for key in tensors)
            raise ModelError(
                f"{self.where}: returns {len(tensors)} outputs: {listed}; choose one in its TOML "
                f'file, such as output = "{name}"'
            )
        chosen = tensors[name]
        if not isinstance(chosen, Tensor):
            kind = type(chosen).__name__
            raise ModelError(f"{self.where}: returns {kind}; expected logits 1xKxhxw")
        return chosen
