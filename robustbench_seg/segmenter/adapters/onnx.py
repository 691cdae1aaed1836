"""onnx:FILE: a graph in ONNX, run by ONNX Runtime, with a TOML file beside it that describes it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from robustbench_seg.cards import parse, read
from robustbench_seg.datasets import class_names
from robustbench_seg.errors import CardError, ModelError
from robustbench_seg.files import canonical_json, digest_bytes, digest_file
from robustbench_seg.records.model_card import Inference, Preprocessing, check_inference
from robustbench_seg.records.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.segmenter.assembly import Options, assemble, known_as
from robustbench_seg.segmenter.segmenter import Segmenter

ONNX_LAW = 1
"""Raised whenever images go into a graph otherwise."""

INSTALL = "pip install 'robustseg[onnx]'"

TEMPLATE = """\
name = "{name}"                    # in every table
dataset = "cityscapes"             # whose classes it predicts; or classes = ["road", ...]
mean = [0.485, 0.456, 0.406]       # of RGB in 0..1: the graph is given (rgb - mean) / std
std = [0.229, 0.224, 0.225]
# input_size = [512, 1024]         # height and width, if the graph takes no other"""

TYPES = {"tensor(float)": torch.float32, "tensor(float16)": torch.float16}


@dataclass(frozen=True)
class Sidecar:
    """The description of the graph X.onnx in X.toml.

    Attributes:
        name: The model's name in every table.
        mean: Mean of RGB in 0..1. The graph takes float (rgb - mean) / std, 1x3xHxW.
        std: Standard deviation of RGB in 0..1.
        dataset: Name of the dataset whose classes the graph predicts. Exactly one of dataset and
            classes is set.
        classes: Names of the classes, in the order of the graph's output.
        input_size: Height and width, if the graph takes no other size. The image is resized to
            it, and its logits are resized back, both bilinearly.
        inference: How a large image goes through the graph. Windows have the size input_size, if
            there is one.
        align_corners: How the logits are upsampled.
    """

    name: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    dataset: str | None = None
    classes: tuple[str, ...] | None = None
    input_size: tuple[int, int] | None = None
    inference: Inference = field(default_factory=lambda: Inference("whole"))
    align_corners: bool = False


def read_sidecar(graph: Path) -> Sidecar:
    """Read the sidecar X.toml of a graph X.onnx.

    Args:
        graph: Path of the graph.

    Returns:
        The sidecar.

    Raises:
        ModelError: There is no sidecar.
        CardError: The sidecar cannot be read or is wrong.
    """
    path = graph.with_suffix(".toml")
    if not path.exists():
        raise ModelError(
            f"{graph}: there is no {path.name} beside it that says what goes in and comes out; "
            f"write one and fill it in:\n\n{TEMPLATE.format(name=graph.stem)}"
        )
    return _checked(read(Sidecar, path, "sidecar"), str(path))


def parse_sidecar(text: str, path: str) -> Sidecar:
    """Parse the text of a sidecar.

    Args:
        text: Text of the TOML file.
        path: The file's name in errors.

    Returns:
        The sidecar.

    Raises:
        CardError: The text is wrong.
    """
    return _checked(parse(Sidecar, text, path), path)


def _checked(sidecar: Sidecar, path: str) -> Sidecar:
    check_inference(sidecar.inference, path)
    if (sidecar.dataset is None) == (sidecar.classes is None):
        raise CardError(f"{path}: give either dataset or classes")
    if min(sidecar.std) <= 0:
        raise CardError(f"{path}: std must be positive")
    crop = sidecar.inference.crop
    if crop and sidecar.input_size not in (None, (crop, crop)):
        raise CardError(
            f"{path}: inference: windows of {crop}x{crop} do not go into an input_size of "
            f"{sidecar.input_size[0]}x{sidecar.input_size[1]}"
        )
    return sidecar


def load_onnx(location: str, options: Options) -> Segmenter:
    """Build a segmenter of a graph.

    The graph maps float 1x3xHxW, normalised, to logits 1xKxhxw of any size.

    Args:
        location: Path of the graph.
        options: How the graph runs.

    Returns:
        The segmenter, named as in the sidecar.

    Raises:
        ModelError: The graph or its sidecar is missing, or the graph cannot run with these
            options.
        CardError: The sidecar is wrong.
    """
    path = Path(location)
    if not path.is_file():
        raise ModelError(f"onnx:{location}: there is no such file")
    sidecar = read_sidecar(path)
    if options.precision != "float32":
        raise ModelError(
            f"onnx:{location}: a graph has its own precision; leave out --precision, or export one "
            "in half precision"
        )
    weights = digest_graph(path)
    network = OnnxNetwork(path, options.device, sidecar.input_size)
    crop = options.inference_of(sidecar.inference).crop
    if crop and network.size not in (None, (crop, crop)):
        raise ModelError(
            f"onnx:{location}: takes images of {network.size[0]}x{network.size[1]} only, not "
            f"windows of {crop}x{crop}; leave out --inference slide"
        )
    classes = sidecar.classes or class_names(str(sidecar.dataset))
    if network.channels not in (None, len(classes)):
        raise ModelError(
            f"onnx:{location}: the graph gives {network.channels} classes, {len(classes)} are "
            f"named in {path.with_suffix('.toml').name}: {', '.join(classes)}"
        )
    return assemble(
        network,
        options,
        name=sidecar.name,
        classes=known_as(classes, options.classes),
        preprocessing=Preprocessing(sidecar.mean, sidecar.std),
        inference=sidecar.inference,
        record=SegmenterRecord(
            architecture="onnx",
            weights=weights,
            input_size=network.size,
            align_corners=sidecar.align_corners,
            runtime="onnxruntime",
            laws={"onnx": ONNX_LAW},
        ),
        about=ModelFacts(
            location=f"onnx:{location}",
            weights_file=path.name,
            libraries={"onnxruntime": network.version},
        ),
    )


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
        ModelError: One of the files is missing, or lies outside the graph's folder. Or the package
            onnx is not installed or cannot read the graph.
    """
    try:
        import onnx
    except ImportError:
        raise ModelError(f"onnx:{path}: onnx is not installed: {INSTALL}") from None
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # its exceptions have no common base
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"onnx:{path}: not a graph that can be run ({first})") from None
    names = {
        entry.value
        for tensor in _tensors(model)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }
    root = path.parent.resolve()
    for name in names:
        file = (root / name).resolve()
        if not file.is_relative_to(root) or not file.is_file():
            raise ModelError(f"onnx:{path}: its tensors lie in '{name}', which is not beside it")
    return sorted(names)


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


class OnnxNetwork(nn.Module):
    """A graph as a torch module.

    The graph sees one image at a time, because most graphs are exported for a batch of 1.

    Attributes:
        advice: What the error about a wrong image size advises.
        size: The one height and width the graph takes. None: any.
        channels: Number of classes K. None: the graph does not declare it.
        version: Version of ONNX Runtime.
    """

    advice = "give input_size in its TOML file"

    def __init__(
        self, path: Path, device: str, size: tuple[int, int] | None, where: str | None = None
    ) -> None:
        """Start a session of ONNX Runtime.

        Args:
            path: Path of the graph.
            device: Torch device.
            size: The one height and width the graph takes. None: that of the graph, if it has one.
            where: The graph's name in errors. None: onnx:`path`.

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
        except Exception as error:  # its exceptions have no common base
            first = str(error).splitlines()[0]
            raise ModelError(f"{self._where}: not a graph that can be run ({first})") from None
        if provider not in self._session.get_providers():  # it falls back in silence
            raise ModelError(
                f"device '{device}': ONNX Runtime cannot start its {provider} (are CUDA and cuDNN "
                "installed?); choose another with --device"
            )
        image, *others = self._session.get_inputs()
        logits = self._session.get_outputs()[0]
        if others or image.type not in TYPES or _rank(image) != 4 or _rank(logits) not in (4, None):
            inputs = ", ".join(_described(i) for i in self._session.get_inputs())
            raise ModelError(
                f"{self._where}: one float input 1x3xHxW and logits 1xKxhxw as first output "
                f"wanted; it has {inputs} and {_described(logits)}"
            )
        self._input, self._output, self._type = image.name, logits.name, TYPES[image.type]
        height, width = image.shape[2:]
        fixed = (height, width) if isinstance(height, int) and isinstance(width, int) else None
        if size and fixed and size != fixed:
            raise ModelError(
                f"{self._where}: input_size is {size[0]}x{size[1]}, but the graph takes "
                f"{fixed[0]}x{fixed[1]}"
            )
        self.size: tuple[int, int] | None = size or fixed
        channels = logits.shape[1] if _rank(logits) else None
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
        try:
            logits = [
                self._session.run([self._output], {self._input: image[None]})[0] for image in batch
            ]
        except Exception as error:  # its exceptions have no common base
            height, width = images.shape[2:]
            first = str(error).splitlines()[0]
            raise ModelError(
                f"{self._where} does not take an image of {height}x{width} ({first}); {self.advice}"
            ) from None
        return torch.from_numpy(np.concatenate(logits)).to(images.device, torch.float32)


def _rank(value: Any) -> int | None:
    return len(value.shape) or None


def _described(value: Any) -> str:
    return f"'{value.name}' {value.type} {'x'.join(map(str, value.shape))}"
