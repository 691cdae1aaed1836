"""Reading and writing weight files: safetensors with text metadata; reading PyTorch pickles and
TensorFlow checkpoints.
"""

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from robustbench_seg.errors import WeightsError
from robustbench_seg.files import canonical_json, digest_bytes, digest_file, write_bytes
from robustbench_seg.weights.download import is_page
from robustbench_seg.weights.formats import bare, classes_of, recognise
from robustbench_seg.weights.pickles import read_pickle
from robustbench_seg.weights.tensor_bundle import INDEX, read_tensor_bundle

IN_FOLDER = ("model.safetensors", "pytorch_model.bin")
"""What a folder as saved by transformers keeps its weights in."""

PICKLE_STARTS = (b"PK", b"\x80")
"""The first bytes of what torch.save writes, today and before PyTorch 1.6."""

SAFETENSORS_START = re.compile(rb".{8}\s*\{", re.DOTALL)
"""The length of the header, and its beginning: a JSON object."""


@dataclass(frozen=True)
class Weights:
    """The content of a weight file.

    Attributes:
        tensors: Name -> tensor, named and shaped as the architectures here expect.
        metadata: For a file of this package, the metadata in it (architecture, variant,
            num_classes, eps, ...). For a file of another project, its "format" and, where it
            matters, "eps".
        path: The file.
    """

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    path: Path

    @property
    def num_classes(self) -> int | None:
        """Number of classes that the tensors predict. None: they are an encoder's alone."""
        return classes_of(self.tensors)


def save_weights(
    path: Path, state_dict: Mapping[str, Tensor], metadata: Mapping[str, str], half: bool = False
) -> None:
    """Write a network's state to a safetensors file, atomically.

    Args:
        path: The file.
        state_dict: Name -> tensor.
        metadata: The facts needed to build and run the network again (see Weights).
        half: Whether to store floating-point tensors as float16. Reading gives float32 again,
            rounded to 11 significant bits.

    Raises:
        WeightsError: With `half`, a value is beyond float16's range.
    """
    tensors = {}
    for name, tensor in state_dict.items():
        tensor = tensor.detach().cpu()
        if half and tensor.is_floating_point():
            if tensor.abs().max() > torch.finfo(torch.float16).max:
                raise WeightsError(
                    f"{path}: '{name}' holds {tensor.abs().max():g}, beyond half precision; "
                    "save it in full precision"
                )
            tensor = tensor.half()
        # safetensors wants every tensor in memory of its own, densely packed.
        tensors[name] = tensor.clone(memory_format=torch.contiguous_format)
    # save_file would make a file that its owner alone may read.
    write_bytes(path, save(tensors, {**metadata, "format": "robustseg"}))


def find_weights(path: Path) -> Path:
    """Find the weight file that a path stands for.

    Args:
        path: A weight file, a folder that transformers saved, a folder with one TensorFlow
            checkpoint, or a TensorFlow checkpoint's name without suffix.

    Returns:
        The weight file, or the index file of the TensorFlow checkpoint.

    Raises:
        WeightsError: There is no weight file.
    """
    if path.is_dir():
        indices = list(path.glob(f"*{INDEX}"))
        names = [*(path / name for name in IN_FOLDER), *(indices if len(indices) == 1 else [])]
        path = next((name for name in names if name.is_file()), path)
    elif not path.is_file() and path.with_name(path.name + INDEX).is_file():
        path = path.with_name(path.name + INDEX)
    if not path.is_file():
        reason = f"none of {', '.join(IN_FOLDER)} in it" if path.is_dir() else "no such file"
        raise WeightsError(f"{path}: no weights: {reason}")
    return path


def digest_weights(path: Path) -> str:
    """Compute the sha256 of a weight file, or of all files of a TensorFlow checkpoint.

    Args:
        path: The file that find_weights returns.

    Returns:
        64 hex digits.
    """
    if path.suffix != INDEX:
        return digest_file(path)
    files = [path, *sorted(path.parent.glob(f"{path.stem}.data-*-of-*"))]
    return digest_bytes(canonical_json([digest_file(file) for file in files]).encode())


def not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    """List the tensors with a value that is NaN or infinite.

    Args:
        tensors: Name -> tensor.

    Returns:
        Names of those tensors.
    """
    real = {name: value for name, value in tensors.items() if value.is_floating_point()}
    return [
        name
        for name, value in real.items()
        if value.numel() and not torch.isfinite(torch.stack(torch.aminmax(value))).all()
    ]


def read_weights(path: Path) -> Weights:
    """Read a weight file.

    The content of a file, not its name, decides whether it is of this package or of a project in
    weights.formats. Half precision becomes float32. The function reads plain data only from a
    pickle: no code in it runs.

    Args:
        path: The file, or a path that stands for it (see find_weights).

    Returns:
        The weights.

    Raises:
        WeightsError: There is no such file, it is truncated, or it is not a weight file.
    """
    path = find_weights(path)
    try:
        tensors, metadata = _read(path)
    except (SafetensorError, pickle.UnpicklingError, EOFError, OSError, RuntimeError) as error:
        # torch's advice for a pickle that would call something is to let it.
        code = re.search(r"GLOBAL (\S*\w) (was not|whose module)", str(error))
        if code:
            raise WeightsError(
                f"{path}: refused: reading it would call or make {code[1]}, which is neither a "
                "tensor nor plain data; get the weights alone, as a state dict or safetensors"
            ) from None
        reason = "damaged, or it holds more than tensors and plain data"
        if "TorchScript" in str(error):
            raise WeightsError(
                f"{path}: a TorchScript program, not weights; save the state_dict() of what "
                "torch.jit.load gives"
            ) from None
        if not isinstance(error, pickle.UnpicklingError):
            reason = "truncated or damaged: " + re.split(r"\.\s|\n", str(error))[0]
        raise _unreadable(path, reason) from None
    if not tensors:
        raise WeightsError(f"{path}: no weights: there is no tensor in it")
    if metadata.get("format") == "robustseg":
        return Weights({name: _widened(tensor) for name, tensor in tensors.items()}, metadata, path)
    tensors = bare({name: _widened(tensor) for name, tensor in tensors.items()})
    origin = recognise(tensors)
    if origin is None:
        return Weights(tensors, metadata, path)
    facts = {"format": origin.name} | ({"eps": origin.eps} if origin.eps else {})
    return Weights(origin.convert(tensors), facts, path)


def _read(path: Path) -> tuple[Mapping[str, Tensor], Mapping[str, str]]:
    """Tensors as they are called in the file, and its metadata."""
    if path.suffix == INDEX:
        return read_tensor_bundle(path), {}
    with open(path, "rb") as file:
        start = file.read(1000)
    if start.startswith(PICKLE_STARTS):
        return read_pickle(path), {}
    if SAFETENSORS_START.match(start):
        return _read_safetensors(path)
    if is_page(start):
        raise _unreadable(path, "a web page, saved in place of the file")
    raise _unreadable(path, "neither safetensors, nor PyTorch's, nor TensorFlow's *.index")


def _unreadable(path: Path, reason: str) -> WeightsError:
    return WeightsError(f"{path}: not a readable weight file ({reason}); download or make it again")


def _read_safetensors(path: Path) -> tuple[Mapping[str, Tensor], Mapping[str, str]]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118


def _widened(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
