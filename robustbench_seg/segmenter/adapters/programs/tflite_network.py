"""A model of TensorFlow Lite as a torch module, run by LiteRT."""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.adapters.programs.interface import Interface, Value
from robustbench_seg.segmenter.adapters.programs.program import Program
from robustbench_seg.segmenter.adapters.programs.reading import reading
from robustbench_seg.segmenter.adapters.programs.sidecar import Sidecar
from robustbench_seg.text import escaped
from robustbench_seg.weights import check_file

INSTALL = "pip install 'robustseg[tflite]'"

_MODEL = "model", "convert it again, with built-in operators only"
"""What a file should contain, and the advice if it does not."""

MAGIC = b"TFL3"
"""Bytes 4 to 7 of a TensorFlow Lite model."""

MAX_LABELS = 1 << 20
"""Maximum size of a label file, in bytes."""


class TfliteNetwork(Program):
    """A model of TensorFlow Lite as a torch module."""

    def __init__(
        self, path: Path, device: str, sidecar: Sidecar, *, where: str, classes: int
    ) -> None:
        """Start an interpreter.

        Args:
            path: Path of the model.
            device: Only the CPU.
            sidecar: Its description.
            where: Its name in errors.
            classes: Number of classes that are named.

        Raises:
            ModelError: LiteRT is not installed, the model cannot run, its inputs or outputs are not
                supported, or the sizes differ.
            WeightsError: The file is empty, a web page or a Git LFS pointer.
        """
        super().__init__(classes, sidecar)
        self.where, self._path = where, path
        self._interpreter = _open_interpreter(path, where)
        self.version = version("ai-edge-litert")
        inputs, outputs = _ends(self._interpreter, where)
        image, answer = self.take_interface(_interface(inputs, outputs, where), sidecar)
        (self._input,) = (each for each in inputs if each.value is image)
        (self._output,) = (each for each in outputs if each.value is answer)
        self._shape: tuple[int, ...] | None = None

    @property
    def own_names(self) -> Mapping[str, Sequence[str]]:
        """See Program."""
        found = _label_files(self._path).items()
        return {f"the lines of {escaped(name)} in it": names for name, names in found}

    def answer(self, images: Tensor) -> Tensor:
        """See Program."""
        interpreter, given = self._interpreter, self._input.quantised(images.cpu().numpy())
        shape, self._shape = self._shape, None  # after an error, memory is allocated again
        if given.shape != shape:
            interpreter.resize_tensor_input(self._input.index, given.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(self._input.index, given)
        interpreter.invoke()
        answer = self._output.floats(interpreter.get_tensor(self._output.index))
        self._shape = given.shape
        return torch.from_numpy(np.ascontiguousarray(answer))


@dataclass(frozen=True)
class _End:
    """An input or output of an interpreter.

    Attributes:
        index: Index of its tensor.
        value: Its declaration. A quantised tensor counts as the floats that it represents.
        dtype: The type of its elements.
        scale: The difference of two neighbouring levels, if it is quantised. None: it is not.
        zero: The level of 0.
    """

    index: int
    value: Value
    dtype: np.dtype[Any]
    scale: float | None = None
    zero: int = 0

    @classmethod
    def of(cls, detail: Mapping[str, Any]) -> "_End":
        """Convert LiteRT's description of an input or output."""
        dtype = np.dtype(detail["dtype"])
        scale, zero = detail["quantization"]
        quantised = dtype.kind in "iu" and scale > 0
        kind = "float32" if quantised else dtype.name
        # For an axis of any length, shape is 1 and shape_signature is -1.
        sides = (int(side) for side in detail["shape_signature"])
        shape = tuple(None if side < 0 else side for side in sides)
        value = Value(str(detail["name"]), kind, shape)
        return cls(
            int(detail["index"]), value, dtype, float(scale) if quantised else None, int(zero)
        )

    def quantised(self, values: NDArray[Any]) -> NDArray[Any]:
        """Convert floats to quantised levels, as the operator QUANTIZE does."""
        if self.scale is None:
            return values
        levels = values / np.float32(self.scale)
        # Halves are rounded away from zero.
        rounded = np.trunc(levels + np.copysign(np.float32(0.5), levels)) + self.zero
        bounds = np.iinfo(self.dtype)
        return rounded.clip(bounds.min, bounds.max).astype(self.dtype)

    def floats(self, levels: NDArray[Any]) -> NDArray[Any]:
        """Convert quantised levels to floats."""
        if self.scale is None:
            return levels
        return (levels.astype(np.float32) - np.float32(self.zero)) * np.float32(self.scale)


def read_interface(path: Path, where: str) -> Interface:
    """Read the inputs and outputs that a model declares.

    Args:
        path: Path of the model.
        where: Its name in errors.

    Raises:
        ModelError: LiteRT is not installed, or the model cannot run.
        WeightsError: The file is empty, a web page or a Git LFS pointer.
    """
    return _interface(*_ends(_open_interpreter(path, where), where), where)


def _label_files(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Read the class names in the metadata of a model.

    TensorFlow Lite's metadata writer appends a zip archive to the model. It contains text files
    with one name per line.

    Args:
        path: Path of the model.

    Returns:
        Maps the names of text files that contain "label" to their lines.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                member.filename: tuple(archive.read(member).decode().splitlines())
                for member in archive.infolist()
                if "label" in member.filename and member.filename.endswith(".txt")
                if member.file_size <= MAX_LABELS
            }
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return {}  # the archive is not needed


def _open_interpreter(path: Path, where: str) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise ModelError(f"{where}: LiteRT is not installed: {INSTALL}") from None
    check_file(path)
    with open(path, "rb") as file:
        start = file.read(8)
    if start[4:] != MAGIC:
        raise ModelError(f"{where}: not a TensorFlow Lite model; convert the model to .tflite")
    with reading(where, *_MODEL):
        return Interpreter(model_path=str(path), num_threads=torch.get_num_threads())


def _ends(interpreter: Any, where: str) -> tuple[list[_End], list[_End]]:
    """Return the inputs and outputs of an interpreter."""
    with reading(where, *_MODEL):
        return (
            [_End.of(each) for each in interpreter.get_input_details()],
            [_End.of(each) for each in interpreter.get_output_details()],
        )


def _interface(inputs: Sequence[_End], outputs: Sequence[_End], where: str) -> Interface:
    given, answers = ([each.value for each in ends] for ends in (inputs, outputs))
    return Interface(where, given, answers, layout="NHWC")
