"""A graph in ONNX as a torch module, run by ONNX Runtime."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_seg.errors import ModelError
from robustbench_seg.records.values.image_size import Size
from robustbench_seg.records.values.ranges import MAX_SIDE
from robustbench_seg.segmenter.answers import logits_of
from robustbench_seg.segmenter.foreign_errors import reason

INSTALL = "pip install 'robustseg[onnx]'"

FLOATS = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16}
"""Types of an input that images are converted to."""

INTEGERS = tuple(f"tensor({sign}int{bits})" for sign in ("", "u") for bits in (8, 16, 32, 64))


@dataclass(frozen=True)
class _Value:
    """An input or output of a graph, as the graph declares it."""

    name: str
    type: str
    shape: tuple[int | str | None, ...]

    @classmethod
    def of(cls, value: Any) -> "_Value":
        return cls(str(value.name), str(value.type), tuple(value.shape))

    @property
    def rank(self) -> int | None:
        """Number of axes. None: the graph does not declare it."""
        return len(self.shape) or None

    @property
    def size(self) -> Size | None:
        """Height and width of an image. None: the graph takes any."""
        height, width = self.shape[2:]
        return (height, width) if isinstance(height, int) and isinstance(width, int) else None

    @property
    def channels(self) -> int | None:
        """Number of channels of an answer. None: the graph does not declare it."""
        channels = self.shape[1] if self.rank == 4 else 1 if self.rank else None
        return channels if isinstance(channels, int) else None

    def may_have(self, axis: int, length: int) -> bool:
        """Whether an axis has this length, or any."""
        side = self.shape[axis]
        return not isinstance(side, int) or side == length

    def __str__(self) -> str:
        text = f"'{self.name}' {self.type} {'x'.join(map(str, self.shape))}"
        return "".join(c if c.isprintable() else "?" for c in text[:120])


class OnnxNetwork(nn.Module):
    """A graph as a torch module.

    The graph sees one image at a time, because most graphs are exported for a batch of 1.

    Attributes:
        advice: What the error about a wrong image size advises.
        size: The one height and width the graph takes. None: any.
        channels: Number of channels of the answer. None: the graph does not declare it.
        integer: Whether the answer is declared to be integers, which are class indices.
        metadata: What the graph says of itself.
        version: Version of ONNX Runtime.
    """

    advice = "give input_size in its TOML file"

    def __init__(
        self,
        path: Path,
        device: str,
        size: Size | None,
        where: str | None = None,
        *,
        classes: int | None = None,
        threshold: float | None = None,
    ) -> None:
        """Start a session of ONNX Runtime.

        Args:
            path: Path of the graph.
            device: Torch device.
            size: The one height and width the graph takes. None: that of the graph, if it has one.
            where: The graph's name in errors. None: onnx:`path`.
            classes: Number of classes that are named. None: as many as the answer has channels.
            threshold: See Sidecar.

        Raises:
            ModelError: ONNX Runtime is not installed or does not run on the device, the graph
                cannot run or has other inputs or outputs, or the sizes differ.
        """
        super().__init__()
        self._where = where or f"onnx:{path}"
        self._classes, self._threshold = classes, threshold
        self.version, self._session = _open_session(path, device, self._where)
        with _reading(self._where):
            self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        image, answer = _image_and_answer(self._session, threshold is not None, self._where)
        self._input, self._output, self._type = image.name, answer.name, FLOATS[image.type]
        self.size = _only_size(image.size, size, self._where)
        self.channels = answer.channels
        self.integer = answer.type in INTEGERS

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits.

        Args:
            images: Float Nx3xHxW, normalised.

        Returns:
            float32 logits NxKxhxw on the device of the images.

        Raises:
            ModelError: The graph does not take images of this size.
        """
        if self.size:
            images = F.interpolate(images, self.size, mode="bilinear", align_corners=False)
        batch = images.to("cpu", self._type).contiguous().numpy()
        logits = [self._run(image[None]) for image in batch]
        return torch.cat(logits).to(images.device)

    def _run(self, image: NDArray[Any]) -> Tensor:
        height, width = image.shape[2:]
        try:
            answer = torch.from_numpy(
                np.ascontiguousarray(self._session.run([self._output], {self._input: image})[0])
            )
        except Exception as error:  # its exceptions have no common base
            raise ModelError(
                f"{self._where} does not take an image of {height}x{width} ({reason(error)}); "
                f"{self.advice}"
            ) from error
        classes = self._classes or (answer.shape[1] if answer.ndim == 4 else 0)
        return logits_of(answer, classes, self._threshold, self._where)


@contextmanager
def _reading(where: str) -> Iterator[None]:
    """Raise ModelError for whatever ONNX Runtime raises on a damaged graph."""
    try:
        yield
    except Exception as error:  # its exceptions have no common base
        raise ModelError(
            f"{where}: not a graph that can be run ({reason(error)}); export it again"
        ) from error


def _open_session(path: Path, device: str, where: str) -> tuple[str, Any]:
    """The version of ONNX Runtime, and a session of it that runs the graph on the device."""
    try:
        import onnxruntime
    except ImportError:
        raise ModelError(f"{where}: ONNX Runtime is not installed: {INSTALL}") from None
    provider = "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"
    if provider not in onnxruntime.get_available_providers():
        raise ModelError(
            f"device '{device}': the ONNX Runtime that is installed has no {provider}; "
            "choose another with --device, or install onnxruntime-gpu"
        )
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = torch.get_num_threads()
    settings.log_severity_level = 3  # errors only
    with _reading(where):
        gpu = {"device_id": torch.device(device).index or 0, "use_tf32": 0}
        options = [(provider, {} if device == "cpu" else gpu)]
        session = onnxruntime.InferenceSession(str(path), settings, providers=options)
    if provider not in session.get_providers():  # it falls back in silence
        raise ModelError(
            f"device '{device}': ONNX Runtime cannot start its {provider} (are CUDA and cuDNN "
            "installed?); choose another with --device"
        )
    return str(onnxruntime.__version__), session


def _image_and_answer(session: Any, has_threshold: bool, where: str) -> tuple[_Value, _Value]:
    """The only input and the first output of a graph, checked as far as they are declared."""
    with _reading(where):
        inputs = [_Value.of(each) for each in session.get_inputs()]
        outputs = [_Value.of(each) for each in session.get_outputs()]
    if not (
        len(inputs) == 1
        and outputs
        and _is_image(inputs[0])
        and _is_answer(outputs[0], has_threshold)
    ):
        given = ", ".join(map(str, inputs)) or "no input"
        answer = str(outputs[0]) if outputs else "no output"
        raise ModelError(
            f"{where}: one float input 1x3xHxW and logits 1xKxhxw as first output wanted; it has "
            f"{given} and {answer}"
        )
    return inputs[0], outputs[0]


def _is_image(value: _Value) -> bool:
    declared = value.type in FLOATS and value.rank == 4
    return declared and value.may_have(0, 1) and value.may_have(1, 3)


def _is_answer(value: _Value, has_threshold: bool) -> bool:
    if value.type in INTEGERS:
        return value.rank in (2, 3, 4, None)
    ranks = (3, 4, None) if has_threshold else (4, None)
    return value.type in (*FLOATS, "tensor(double)") and value.rank in ranks


def _only_size(fixed: Size | None, size: Size | None, where: str) -> Size | None:
    """The one height and width of all images, which graph and caller may both name."""
    if fixed and not 1 <= min(fixed) <= max(fixed) <= MAX_SIDE:
        raise ModelError(
            f"{where}: it takes {fixed[0]}x{fixed[1]} only, which no image has; export it again"
        )
    if size and fixed and size != fixed:
        raise ModelError(
            f"{where}: input_size is {size[0]}x{size[1]}, but the graph takes {fixed[0]}x{fixed[1]}"
        )
    return size or fixed
