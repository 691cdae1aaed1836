"""exported:FILE runs a program of torch.export (.pt2) or TorchScript with a TOML file beside it."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from robustbench_seg.errors import ModelError, unknown
from robustbench_seg.files import digest_file
from robustbench_seg.segmenter.adapters.exported_file import ExportedFile, read_exported
from robustbench_seg.segmenter.adapters.program import (
    MAX_BATCH,
    Program,
    check_runnable,
    classes_of_program,
    only_size,
    segmenter_of_program,
)
from robustbench_seg.segmenter.adapters.sidecar import Sidecar, read_sidecar, sidecar_to_fill_in
from robustbench_seg.segmenter.assembly import Options
from robustbench_seg.segmenter.foreign_errors import reason
from robustbench_seg.segmenter.segmenter import Segmenter

EXPORTED_LAW = 1
"""Increment when the input preparation for programs changes."""

DTYPES = (torch.float32, torch.float16, torch.uint8)
"""Input types that images can be converted to."""

TRIED = (64, 96)
"""Height and width of the image that tells whether a program can be differentiated."""


def load(location: str, options: Options) -> Segmenter:
    """Build a segmenter of a program.

    The program has the inputs and outputs of a graph in ONNX (see onnx.py) and runs in torch. It
    may also return a tuple or a dict of tensors.

    Args:
        location: Path of the program.
        options: How it runs.

    Returns:
        The segmenter, named as in the sidecar.

    Raises:
        ModelError: The program or its sidecar is missing, or it cannot run with these options.
        CardError: The sidecar is wrong.
    """
    where, path = f"exported:{location}", Path(location)
    check_runnable(where, path, options)
    sidecar = read_sidecar(path, lambda: sidecar_to_fill_in(path.stem))
    classes = classes_of_program(sidecar, path.with_suffix(".toml").name)
    file = read_exported(path, options.device, where)
    return segmenter_of_program(
        ExportedNetwork(file, options.device, sidecar, where, len(classes)),
        sidecar,
        options,
        path=path,
        weights=digest_file(path),
        kind="exported",
        law=EXPORTED_LAW,
        runtime="torch",
        libraries={"torch": str(torch.__version__)},
    )


class ExportedNetwork(Program):
    """A program of torch.export or TorchScript as a torch module."""

    def __init__(
        self, file: ExportedFile, device: str, sidecar: Sidecar, where: str, classes: int
    ) -> None:
        """Check what the program declares.

        Args:
            file: The program.
            device: Torch device that it runs on.
            sidecar: Its description.
            where: Its name in errors.
            classes: Number of classes that are named.

        Raises:
            ModelError: It does not take a single image, or takes another size than the sidecar
                states.
        """
        super().__init__(classes, sidecar)
        self.where, self.params = where, file.params
        self._run, self._device, self._name = file.run, device, sidecar.output
        self.nhwc, fixed = sidecar.layout == "NHWC", None
        if file.image is not None:
            shape = file.image
            rgb = len(shape) == 4 and (shape[1] in (3, None) or shape[3] in (3, None))
            if not rgb or file.dtype not in DTYPES or (shape[0] or 1) > MAX_BATCH:
                given = "x".join("?" if side is None else str(side) for side in shape)
                raise ModelError(
                    f"{where}: one image as input wanted (float or uint8, 1x3xHxW or 1xHxWx3); it "
                    f"takes {str(file.dtype).removeprefix('torch.')} {given}"
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
    def no_gradient(self) -> str | None:  # type: ignore[override]
        """See Program. A program of torch may be differentiable, which a trial shows."""
        if self.gives_labels:
            return "its program ends in labels"
        if self._threshold is not None:
            return "its program answers one probability, not logits"
        if self.dtype is not torch.float32:
            kind = str(self.dtype).removeprefix("torch.")
            return f"its program takes {kind}, and a gradient needs float32"
        try:
            with torch.inference_mode(False), torch.enable_grad():
                sides = self.size or TRIED
                image = torch.zeros(1, 3, *sides, device=self._device, requires_grad=True)
                torch.autograd.grad(self(image).sum(), image)
        except ModelError:
            return None  # the size of the trial may be wrong
        except RuntimeError as error:
            return f"its program cannot be differentiated ({reason(error)})"
        return None

    def answer(self, images: Tensor) -> Tensor:
        """See Program."""
        height, width = images.shape[1:3] if self.nhwc else images.shape[2:]
        try:
            answer = self._run(images)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # its exceptions have no common base
            raise ModelError(
                f"{self.where} does not take an image of {height}x{width} ({reason(error)}); "
                f"{self.advice}"
            ) from error
        chosen = self._chosen(answer)
        if not (chosen.is_floating_point() or self._labels):
            kind = str(chosen.dtype).removeprefix("torch.")
            raise ModelError(
                f"{self.where}: answers {kind}; if these are class indices, give "
                'answer = "labels" in its TOML file'
            )
        return chosen

    def _chosen(self, answer: Any) -> Tensor:
        """Choose the tensor that is the answer from what the program returns."""
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
                f"{self.where}: answers {len(tensors)} outputs: {listed}; choose one in its TOML "
                f'file, such as output = "{name}"'
            )
        chosen = tensors[name]
        if not isinstance(chosen, Tensor):
            kind = type(chosen).__name__
            raise ModelError(f"{self.where}: answers {kind}; logits 1xKxhxw are wanted")
        return chosen
