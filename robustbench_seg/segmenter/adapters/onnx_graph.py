"""A graph in ONNX, run by ONNX Runtime: its files, its input and its answer."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_seg.errors import ModelError
from robustbench_seg.files import canonical_json, digest_bytes, digest_file
from robustbench_seg.records.ranges import MAX_SIDE
from robustbench_seg.segmenter.answers import logits_of
from robustbench_seg.segmenter.assembly import known_as
from robustbench_seg.segmenter.failures import reason
from robustbench_seg.weights import check_file

INSTALL = "pip install 'robustseg[onnx]'"

TYPES = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16}

INTEGERS = tuple(f"tensor({sign}int{bits})" for sign in ("", "u") for bits in (8, 16, 32, 64))

NAMES = ("names", "classes", "class_names", "id2label")
"""The keys of a graph's metadata under which exporters write the class names."""


def digest_graph(path: Path) -> str:
    """Compute the sha256 of a graph, or of all its files where other files hold its weights.

    Args:
        path: Path of the graph.

    Returns:
        64 hex digits.

    Raises:
        ModelError: As for `external_files`.
    """
    files = external_files(path)
    if not files:
        return digest_file(path)
    digests = [digest_file(file) for file in (path, *(path.parent / name for name in files))]
    return digest_bytes(canonical_json(digests).encode())


def external_files(path: Path) -> list[str]:
    """List the files other than the graph itself that hold tensors of it.

    Args:
        path: Path of the graph.

    Returns:
        Paths relative to the graph's folder, sorted.

    Raises:
        WeightsError: One of the files is empty, a web page or a Git LFS pointer.
        ModelError: One of the files is missing, or lies outside the graph's folder. Or the package
            onnx is not installed or cannot read the graph.
    """
    try:
        import onnx
    except ImportError:
        raise ModelError(f"onnx:{path}: onnx is not installed: {INSTALL}") from None
    check_file(path)
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # its exceptions have no common base
        raise ModelError(f"onnx:{path}: not a graph that can be run ({reason(error)})") from error
    names = {
        entry.value
        for tensor in _tensors(model)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }
    root = path.parent.resolve()
    for name in sorted(names):
        try:
            file = (root / name).resolve()
            inside = file.is_relative_to(root) and file.is_file()
        except (OSError, ValueError, RuntimeError):  # no name of a file at all
            inside = False
        if not inside:
            shown = name if len(name) <= 80 and name.isprintable() else f"{name[:77]!a}..."
            raise ModelError(
                f"onnx:{path}: its tensors lie in '{shown}', which is not beside it; put all files "
                "that the export wrote into one folder"
            )
        check_file(file)
    return sorted(names)


def check_names(
    metadata: Mapping[str, str], classes: Sequence[str], where: str, beside: str
) -> None:
    """Refuse a graph whose own metadata name other classes, or another order, than its sidecar.

    Args:
        metadata: The metadata of the graph. Exporters write the names under one of NAMES.
        classes: The class names of the sidecar.
        where: The graph's name in errors.
        beside: The sidecar's name in errors.

    Raises:
        ModelError: The names differ.
    """
    for key in NAMES:
        names = _listed(metadata.get(key, ""))
        if names is not None and known_as(names, classes) != tuple(classes):
            raise ModelError(
                f"{where}: the metadata of the graph name its classes {', '.join(names)} ({key}), "
                f"{beside} names {', '.join(classes)}; give the graph's names in their order as "
                f"classes in {beside}"
            )


def _listed(text: str) -> tuple[str, ...] | None:
    """The names in a list, or in a dict by index, written in JSON or Python; else None."""
    try:
        names = ast.literal_eval(text)
        if isinstance(names, dict):
            names = [
                {int(index): name for index, name in names.items()}[i] for i in range(len(names))
            ]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        return None
    if isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names):
        return tuple(names)
    return None


def _tensors(message: Any) -> Iterator[Any]:
    """Every TensorProto in a message of ONNX, however deep."""
    if type(message).__name__ == "TensorProto":
        yield message
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for inner in value if isinstance(value, Iterable) else [value]:
                if hasattr(inner, "ListFields"):
                    yield from _tensors(inner)


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
        size: tuple[int, int] | None,
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
        try:
            import onnxruntime
        except ImportError:
            raise ModelError(f"{self._where}: ONNX Runtime is not installed: {INSTALL}") from None
        self.version = str(onnxruntime.__version__)
        provider = "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"
        if provider not in onnxruntime.get_available_providers():
            raise ModelError(
                f"device '{device}': the ONNX Runtime that is installed has no {provider}; "
                "choose another with --device, or install onnxruntime-gpu"
            )
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = torch.get_num_threads()
        settings.log_severity_level = 3
        try:
            gpu = {"device_id": torch.device(device).index or 0, "use_tf32": 0}
            options = [(provider, {} if device == "cpu" else gpu)]
            self._session = onnxruntime.InferenceSession(str(path), settings, providers=options)
            inputs = [_Value.of(each) for each in self._session.get_inputs()]
            outputs = [_Value.of(each) for each in self._session.get_outputs()]
            self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        except Exception as error:  # its exceptions have no common base
            raise ModelError(
                f"{self._where}: not a graph that can be run ({reason(error)}); export it again"
            ) from error
        if provider not in self._session.get_providers():  # it falls back in silence
            raise ModelError(
                f"device '{device}': ONNX Runtime cannot start its {provider} (are CUDA and cuDNN "
                "installed?); choose another with --device"
            )
        self.integer = bool(outputs) and outputs[0].type in INTEGERS
        ranks = (
            (2, 3, 4, None) if self.integer else (4, None) if threshold is None else (3, 4, None)
        )
        if not (
            len(inputs) == 1
            and inputs[0].type in TYPES
            and inputs[0].rank == 4
            and _may_be(inputs[0].shape[0], 1)
            and _may_be(inputs[0].shape[1], 3)
            and outputs
            and outputs[0].type in (*TYPES, "tensor(double)", *INTEGERS)
            and outputs[0].rank in ranks
        ):
            given = ", ".join(map(str, inputs)) or "no input"
            answer = str(outputs[0]) if outputs else "no output"
            raise ModelError(
                f"{self._where}: one float input 1x3xHxW and logits 1xKxhxw as first output "
                f"wanted; it has {given} and {answer}"
            )
        image, logits = inputs[0], outputs[0]
        self._classes, self._threshold = classes, threshold
        self._input, self._output, self._type = image.name, logits.name, TYPES[image.type]
        height, width = image.shape[2:]
        fixed = (height, width) if isinstance(height, int) and isinstance(width, int) else None
        if fixed and not 1 <= min(fixed) <= max(fixed) <= MAX_SIDE:
            raise ModelError(
                f"{self._where}: it takes {fixed[0]}x{fixed[1]} only, which no image has; "
                "export it again"
            )
        if size and fixed and size != fixed:
            raise ModelError(
                f"{self._where}: input_size is {size[0]}x{size[1]}, but the graph takes "
                f"{fixed[0]}x{fixed[1]}"
            )
        self.size: tuple[int, int] | None = size or fixed
        channels = logits.shape[1] if logits.rank == 4 else 1 if logits.rank else None
        self.channels: int | None = channels if isinstance(channels, int) else None

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


def _may_be(side: object, number: int) -> bool:
    return not isinstance(side, int) or side == number
