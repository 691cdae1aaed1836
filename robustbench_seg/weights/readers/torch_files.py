"""Files of torch.save, in both of its formats: their values, and their tensors on demand.

Since PyTorch 1.6 a file is a zip archive of a pickle and one record for each storage (the memory of
tensors); earlier files are five pickles followed by the storages. No code of a file runs.
"""

import io
import math
import mmap
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.readers.pickle_reader import Name, read_values
from robustbench_seg.weights.readers.size_limit import check_unpacked_size

MAGIC = 0x1950A86A20F9469CFC6C
"""The first pickle of a file from before PyTorch 1.6."""

STORAGES = {
    "Double": torch.float64,
    "Float": torch.float32,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Bool": torch.bool,
    "ComplexFloat": torch.complex64,
    "ComplexDouble": torch.complex128,
    "Untyped": torch.uint8,
    "_Untyped": torch.uint8,
}
"""The class of a storage without "Storage" -> the type of its elements."""

SYSTEM = {
    *("os", "posix", "nt", "posixpath", "sys", "subprocess", "shutil", "socket", "runpy", "pty"),
    *("importlib", "ctypes", "commands", "webbrowser", "multiprocessing"),
}
"""Modules that no weights need. A file that names one is refused, although nothing in it would
run.
"""

BUILTINS = {"eval", "exec", "compile", "open", "__import__", "breakpoint", "input"}


@dataclass(frozen=True)
class Storage:
    """A storage of a file: its key in the file, the type and number of its elements."""

    key: str
    dtype: torch.dtype
    elements: int


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that has not been read yet: a view of a storage, offset and strides in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: torch.dtype


@dataclass(frozen=True)
class TorchFile:
    """The content of a file of torch.save.

    Attributes:
        content: The saved value. A tensor is a StoredTensor, an object a Record.
        read_tensors: Function that reads tensors, by their names.
    """

    content: Any
    read_tensors: Callable[[Mapping[str, StoredTensor]], Mapping[str, Tensor]]


def open_torch_file(path: Path) -> TorchFile:
    """Read the pickle of a file of torch.save.

    Args:
        path: The file.

    Returns:
        Its content.

    Raises:
        WeightsError: The file is a TorchScript program, or names functions of the operating system.
        Exception: The file is damaged. The type is undefined.
    """
    with open(path, "rb") as file:
        zipped = file.read(2) == b"PK"
    return _open_zip(path) if zipped else _open_legacy(path)


def _open_zip(path: Path) -> TorchFile:
    with zipfile.ZipFile(path) as archive:
        check_unpacked_size(path, sum(entry.file_size for entry in archive.infolist()))
        names = archive.namelist()
        pickles = [name for name in names if PurePosixPath(name).name == "data.pkl"]
        if not pickles:
            raise WeightsError(
                f"{path}: not a readable model file (a zip archive without PyTorch's data.pkl); "
                "unpack it and give the weight file that it contains"
            )
        folder = str(PurePosixPath(min(pickles, key=len)).parent)
        if f"{folder}/constants.pkl" in names:
            raise WeightsError(
                f"{path}: a TorchScript program, not weights; give it as the model exported:FILE, "
                "or save the state_dict() of the module that torch.jit.load returns"
            )
        if f"{folder}/byteorder" in names and archive.read(f"{folder}/byteorder") != b"little":
            raise ValueError("written on a big-endian machine")
        stream = io.BytesIO(archive.read(f"{folder}/data.pkl"))
        content = read_values(stream, _storage, _constructor(path))

    def read(storage: Storage) -> bytearray:
        with zipfile.ZipFile(path) as archive:
            return bytearray(archive.read(f"{folder}/data/{storage.key}"))

    return TorchFile(content, lambda tensors: _read_tensors(path, tensors, read))


def _open_legacy(path: Path) -> TorchFile:
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    sizes = dict[str, int]()

    def storage(identity: Any) -> Storage:
        found = _storage(identity[:5])
        if len(identity) > 5 and identity[5] is not None:
            raise ValueError("views of storages, from before PyTorch 0.4")
        sizes[found.key] = found.dtype.itemsize
        return found

    construct = _constructor(path)
    if read_values(data, _storage, construct) != MAGIC:
        raise WeightsError(
            f"{path}: not a readable model file (a pickle, but not of torch.save); save the "
            "weights with torch.save or as safetensors"
        )
    read_values(data, _storage, construct)  # the version of the format
    system = read_values(data, _storage, construct)
    if system.get("little_endian") is not True:
        raise ValueError("written on a big-endian machine")
    content = read_values(data, storage, construct)
    places = {}
    for key in read_values(data, storage, construct):
        (elements,) = struct.unpack("<q", data.read(8))
        places[key] = data.tell()
        end = places[key] + elements * sizes[key]
        if elements < 0 or end > len(data):
            raise EOFError(f"truncated: expected at least {end:,} bytes, got {len(data):,}")
        data.seek(end)

    def read(storage: Storage) -> bytearray:
        start = places[storage.key]
        return bytearray(data[start : start + storage.elements * storage.dtype.itemsize])

    return TorchFile(content, lambda tensors: _read_tensors(path, tensors, read))


def _read_tensors(
    path: Path, tensors: Mapping[str, StoredTensor], read: Callable[[Storage], bytearray]
) -> Mapping[str, Tensor]:
    """Read tensors. Those of one storage share its memory."""
    # Strides of 0 turn a small storage into a large tensor.
    size = sum(math.prod(t.shape) * t.dtype.itemsize for t in tensors.values())
    check_unpacked_size(path, size)
    storages = dict[Storage, bytearray]()
    values = {}
    for name, tensor in tensors.items():
        storage = tensor.storage
        if storage not in storages:
            storages[storage] = read(storage)
            if len(storages[storage]) != storage.elements * storage.dtype.itemsize:
                raise EOFError(f"'{name}' is truncated")
        raw = storages[storage]
        whole = torch.frombuffer(raw, dtype=tensor.dtype) if raw else torch.empty(0)
        values[name] = whole.to(tensor.dtype).as_strided(
            tensor.shape, tensor.strides, tensor.offset
        )
    return values


def _storage(identity: Any) -> Storage:
    """A storage by its persistent id: ("storage", class, key, device, elements)."""
    kind, storage_class, key, _, elements = identity
    if kind != "storage" or not isinstance(storage_class, Name) or not isinstance(elements, int):
        raise ValueError("a persistent id that is not a storage")
    name = storage_class.text.rpartition(".")[2].removesuffix("Storage")
    return Storage(str(key), STORAGES[name], elements)


def _constructor(path: Path) -> Callable[[str, tuple[Any, ...]], Any]:
    def construct(name: str, arguments: tuple[Any, ...]) -> Any:
        module, _, attribute = name.partition(".")
        if module in SYSTEM or (
            module in ("builtins", "__builtin__", "__builtins__") and attribute in BUILTINS
        ):
            raise refused(path, name)
        return _CONSTRUCTORS[name](*arguments) if name in _CONSTRUCTORS else None

    return construct


def refused(path: Path, name: str) -> WeightsError:
    """Return the error for a file whose tensors cannot be read without running code.

    Args:
        path: The file.
        name: Name of the class or function that would run.
    """
    return WeightsError(
        f"{path}: refused: reading it would call {name}, which is neither a tensor nor plain "
        "data; get only the weights, as a state dict or safetensors"
    )


def _tensor(
    storage: Storage, offset: int, shape: Any, strides: Any, *_: Any, dtype: Any = None
) -> StoredTensor:
    shape, strides = tuple(shape), tuple(strides)
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, Storage) or not all(
        isinstance(number, int) and number >= 0 for number in numbers
    ):
        raise TypeError("a tensor without storage, shape or strides")
    return StoredTensor(storage, offset, shape, strides, dtype or storage.dtype)


def _tensor_v3(
    storage: Storage, offset: int, shape: Any, strides: Any, _: Any, __: Any, dtype: Name, *___: Any
) -> StoredTensor:
    kind = getattr(torch, dtype.text.removeprefix("torch."))
    if not isinstance(kind, torch.dtype):
        raise TypeError(f"{dtype.text} is not a tensor type")
    return _tensor(storage, offset, shape, strides, dtype=kind)


def _parameter(tensor: Any, *_: Any) -> Any:
    return tensor


def _of_type(function: Name, kind: Any, arguments: tuple[Any, ...], *_: Any) -> Any:
    return _CONSTRUCTORS[function.text](*arguments) if function.text in _CONSTRUCTORS else None


def _ordered(items: Any = (), *_: Any) -> dict[str, Any]:
    """An OrderedDict. In Python 2, it is called with its items."""
    return {str(key): value for key, value in items}


_CONSTRUCTORS: Mapping[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._tensor._rebuild_from_type_v2": _of_type,
    "collections.OrderedDict": _ordered,
    "torch.Size": lambda size=(): tuple(size),
}
"""The types that weight files may contain."""
