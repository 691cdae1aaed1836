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
    """Named tensors and what is known about them.

    tensors: named and shaped as the architectures here want them
    metadata: of a file of ours, what it was saved with (architecture, variant, num_classes,
        eps, ...); of another project's, its "format" and, where it matters, "eps"
    path: the file they were read from
    """

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    path: Path

    @property
    def num_classes(self) -> int | None:
        """How many classes the tensors predict; None if they are an encoder's alone."""
        return classes_of(self.tensors)


def save_weights(
    path: Path, state_dict: Mapping[str, Tensor], metadata: Mapping[str, str], half: bool = False
) -> None:
    """Write a network's state to a safetensors file, atomically.

    metadata: what is needed to build and run the network again, see Weights
    half: store floating-point tensors as float16; reading gives float32 again, rounded to 11
        significant bits. Raises WeightsError for a value beyond float16's range.
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
    """Return the weight file that `path` stands for: itself, the one in a folder as saved by
    transformers, or the index of a TensorFlow checkpoint (a folder with one, or its name without
    suffix). Raises WeightsError if there is none.
    """
    if path.is_dir():
        indices = list(path.glob(f"*{INDEX}"))
        names = [*(path / name for name in IN_FOLDER), *(indices if len(indices) == 1 else [])]
        path = next((name for name in names if name.is_file()), path)
    elif not path.is_file() and path.with_name(path.name + INDEX).is_file():
        path = path.with_name(path.name + INDEX)
    if not path.is_file():
        wanted = f"none of {', '.join(IN_FOLDER)} in it" if path.is_dir() else "no such file"
        raise WeightsError(f"{path}: no weights: {wanted}")
    return path


def digest_weights(path: Path) -> str:
    """sha256 of a weight file, as 64 hex digits; of a TensorFlow checkpoint, of all its files.

    path: as find_weights returns it
    """
    if path.suffix != INDEX:
        return digest_file(path)
    files = [path, *sorted(path.parent.glob(f"{path.stem}.data-*-of-*"))]
    return digest_bytes(canonical_json([digest_file(file) for file in files]).encode())


def not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    """The names of tensors with a value that is NaN or infinite."""
    real = {name: value for name, value in tensors.items() if value.is_floating_point()}
    return [
        name
        for name, value in real.items()
        if value.numel() and not torch.isfinite(torch.stack(torch.aminmax(value))).all()
    ]


def read_weights(path: Path) -> Weights:
    """Read a weight file, or the one that `path` stands for (see find_weights).

    Files of ours, and those of the projects in weights.formats, are told apart by their content,
    not their name. Half precision becomes float32. A pickle is only read as far as it holds
    plain data: no code in it runs. Raises WeightsError if there is no such file, it is
    truncated, or it is not a weight file.
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
