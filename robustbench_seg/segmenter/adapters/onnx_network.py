"""A graph in ONNX as a torch module, run by ONNX Runtime."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustbench_seg.errors import ModelError, unknown
from robustbench_seg.records.values.image_size import Size
from robustbench_seg.segmenter.adapters.program import MAX_BATCH, Program, only_size
from robustbench_seg.segmenter.adapters.sidecar import Layout, Sidecar
from robustbench_seg.segmenter.foreign_errors import reason

INSTALL = "pip install 'robustseg[onnx]'"

IMAGES = {
    "tensor(float)": torch.float32,
    "tensor(float16)": torch.float16,
    "tensor(uint8)": torch.uint8,
}
"""Types of an input that images are converted to."""

FLOATS = ("tensor(float)", "tensor(float16)", "tensor(double)")

INTEGERS = tuple(f"tensor({sign}int{bits})" for sign in ("", "u") for bits in (8, 16, 32, 64))


@dataclass(frozen=True)
class Value:
    """An input or output of a graph, as the graph declares it."""

    name: str
    type: str
    shape: tuple[int | str | None, ...]

    @classmethod
    def of(cls, value: Any) -> "Value":
        """Convert ONNX Runtime's description of an input or output."""
        return cls(str(value.name), str(value.type), tuple(value.shape))

    @property
    def rank(self) -> int | None:
        """Number of axes. None: the graph does not declare it."""
        return len(self.shape) or None

    def length(self, axis: int) -> int | None:
        """Return the length of an axis. None: any."""
        side = self.shape[axis] if self.rank else None
        return side if isinstance(side, int) else None

    def may_have(self, axis: int, length: int) -> bool:
        """Whether an axis has this length, or any."""
        return self.length(axis) in (None, length)

    def is_nhwc(self, channels: int | None, said: Layout | None) -> bool:
        """Whether the channels are the last of four axes.

        Args:
            channels: Number of channels. None: unknown.
            said: The layout that the sidecar states. None: it states none.
        """
        if said is not None or self.rank != 4 or channels is None:
            return said == "NHWC" and self.rank in (4, None)
        return self.length(3) == channels and self.length(1) != channels

    def __str__(self) -> str:
        text = f"'{self.name}' {self.type} {'x'.join(map(str, self.shape))}"
        return "".join(c if c.isprintable() else "?" for c in text[:120])


class OnnxNetwork(Program):
    """A graph as a torch module.

    Attributes:
        metadata: What the graph says of itself.
        version: Version of ONNX Runtime.
    """

    def __init__(
        self,
        path: Path,
        device: str,
        sidecar: Sidecar | None = None,
        *,
        where: str | None = None,
        classes: int | None = None,
    ) -> None:
        """Start a session of ONNX Runtime.

        Args:
            path: Path of the graph.
            device: Torch device.
            sidecar: Description of the graph. None: normalised float NCHW in, logits NCHW out.
            where: The graph's name in errors. None: onnx:`path`.
            classes: Number of classes that are named. None: as many as the answer has channels.

        Raises:
            ModelError: ONNX Runtime is not installed or does not run on the device, the graph
                cannot run or has other inputs or outputs, or the sizes differ.
        """
        super().__init__(classes, sidecar)
        self.where = where or f"onnx:{path}"
        self.version, self._session = _open_session(path, device, self.where)
        with _reading(self.where):
            self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        inputs, outputs = _values(self._session, self.where)
        single = sidecar is not None and (sidecar.threshold is not None or self._labels)
        expected = 1 if single else classes
        chosen = sidecar.output if sidecar else None
        image = _image(inputs, outputs, self.where)
        output = _answer(inputs, outputs, single, expected, chosen, self.where)
        self.dtype = IMAGES[image.type]
        self.nhwc = image.is_nhwc(3, sidecar.layout if sidecar else None)
        self.batch = image.length(0) or 1
        self.size = only_size(
            _size(image, self.nhwc), sidecar.input_size if sidecar else None, self.where
        )
        self.integer = output.type in INTEGERS
        said = sidecar.output_layout if sidecar else None
        self.answers_nhwc = output.is_nhwc(1 if self.integer else expected, said)
        axis = 3 if self.answers_nhwc else 1
        self.channels = output.length(axis) if output.rank == 4 else 1 if output.rank else None
        self._input, self._output = image.name, output.name

    def answer(self, images: Tensor) -> Tensor:
        """See Program."""
        height, width = images.shape[1:3] if self.nhwc else images.shape[2:]
        try:
            given = self._session.run([self._output], {self._input: images.cpu().numpy()})[0]
            return torch.from_numpy(np.ascontiguousarray(given))
        except Exception as error:  # its exceptions have no common base
            raise ModelError(
                f"{self.where} does not take an image of {height}x{width} ({reason(error)}); "
                f"{self.advice}"
            ) from error


@dataclass(frozen=True)
class Declared:
    """What a graph declares about its input and outputs."""

    text: str
    takes_bytes: bool
    outputs: tuple[str, ...]


def declared(path: Path) -> Declared:
    """Read what a graph declares.

    Args:
        path: Path of the graph.

    Raises:
        ModelError: As for OnnxNetwork.
    """
    where = f"onnx:{path}"
    inputs, outputs = _values(_open_session(path, "cpu", where)[1], where)
    return Declared(
        f"the graph takes {', '.join(map(str, inputs))} and gives {', '.join(map(str, outputs))}",
        len(inputs) == 1 and IMAGES.get(inputs[0].type) is torch.uint8,
        tuple(each.name for each in outputs if _may_answer(each, True)),
    )


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


def _values(session: Any, where: str) -> tuple[list[Value], list[Value]]:
    """Return the inputs and outputs of a graph."""
    with _reading(where):
        inputs = [Value.of(each) for each in session.get_inputs()]
        return inputs, [Value.of(each) for each in session.get_outputs()]


def _image(inputs: list[Value], outputs: list[Value], where: str) -> Value:
    """Return the only input of a graph, checked as far as it is declared."""
    if len(inputs) == 1:
        (image,) = inputs
        known = image.type in IMAGES and image.rank == 4
        rgb = known and (image.may_have(1, 3) or image.may_have(3, 3))
        if rgb and image.length(0) in (None, *range(1, MAX_BATCH + 1)):
            return image
    raise _other(inputs, outputs, where)


def _answer(
    inputs: list[Value],
    outputs: list[Value],
    single: bool,
    channels: int | None,
    name: str | None,
    where: str,
) -> Value:
    """Return the output of a graph that is the answer.

    Args:
        inputs: The graph's inputs, for errors.
        outputs: The graph's outputs.
        where: The graph's name in errors.
        single: Whether the answer has one channel.
        channels: Number of channels of the answer.
        name: The output that the sidecar chooses.
    """
    if name is not None:
        named = [each for each in outputs if each.name == name]
        if not named:
            raise ModelError(f"{where}: {unknown('output', name, [v.name for v in outputs])}")
        outputs = named
    possible = [each for each in outputs if _may_answer(each, single)]
    if len(outputs) > 1:
        possible = [each for each in possible if _may_have_channels(each, channels)]
    if not possible:
        raise _other(inputs, outputs, where)
    if len(possible) > 1:
        raise ModelError(
            f"{where}: {len(possible)} of its outputs may be the answer: "
            f"{', '.join(map(str, possible))}; choose one in its TOML file, such as "
            f'output = "{possible[0].name}"'
        )
    return possible[0]


def _may_answer(value: Value, single: bool) -> bool:
    if value.type in INTEGERS:
        return value.rank in (2, 3, 4, None)
    return value.type in FLOATS and value.rank in ((2, 3, 4, None) if single else (4, None))


def _may_have_channels(value: Value, channels: int | None) -> bool:
    if value.type in INTEGERS or value.rank != 4 or channels is None:
        return True
    return value.may_have(1, channels) or value.may_have(3, channels)


def _other(inputs: list[Value], outputs: list[Value], where: str) -> ModelError:
    given = ", ".join(map(str, inputs)) or "no input"
    answers = ", ".join(map(str, outputs[:4])) or "no output"
    hint = ""
    if any(each.type in FLOATS and each.rank in (2, 3) for each in outputs):
        hint = '; if its floats are class indices, give answer = "labels" in its TOML file'
    return ModelError(
        f"{where}: one image as input (float or uint8, 1x3xHxW or 1xHxWx3), and logits 1xKxhxw or "
        f"class indices as output wanted; it has {given} and {answers}{hint}"
    )


def _size(image: Value, nhwc: bool) -> Size | None:
    height, width = (image.length(axis) for axis in ((1, 2) if nhwc else (2, 3)))
    return (height, width) if height is not None and width is not None else None
