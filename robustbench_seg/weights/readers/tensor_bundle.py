"""TensorFlow checkpoints ("tensor bundles"), read without TensorFlow.

A checkpoint `model.ckpt` is the files `model.ckpt.index` and `model.ckpt.data-00000-of-00001`, with
more shards if it is large. The index is a sorted table in the file format of LevelDB (its
doc/table_format.md): blocks of (key, value) entries whose keys omit the prefix they share with the
previous key, and at the end a footer that points to the block of blocks. A key is a tensor's name,
its value a BundleEntryProto (tensorflow/core/protobuf/tensor_bundle.proto), which states the shard
and the place of the tensor's bytes. Every block and every tensor has a CRC-32C, which is verified.
"""

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights.readers.crc32c import masked_crc32c
from robustbench_seg.weights.readers.first_bytes import unreadable

MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48

DTYPES = {1: np.float32, 2: np.float64, 3: np.int32, 4: np.uint8, 9: np.int64, 19: np.float16}
"""DataType numbers of types.proto; tensors of other types, such as strings, are not weights."""


@dataclass(frozen=True)
class Entry:
    """The place of a tensor in a checkpoint: BundleEntryProto.

    Attributes:
        dtype: DataType number of types.proto (see DTYPES).
        shape: Shape of the tensor.
        shard: Number of the file that holds its bytes.
        offset: Position of the first byte in that file.
        size: Number of bytes.
        checksum: Their masked CRC-32C.
        sliced: Whether the tensor is saved in slices.
    """

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int
    sliced: bool


def read_tensor_bundle(index: Path) -> Mapping[str, Tensor]:
    """Read the numeric tensors of a checkpoint.

    Args:
        index: The checkpoint's index file.

    Returns:
        Maps names of variables to tensors. Shapes are TensorFlow's: convolutions are height x width
        x inputs x outputs.

    Raises:
        WeightsError: The index or a shard is missing, truncated, compressed or damaged.
    """
    try:
        entries = dict(_table(index.read_bytes(), index))
        header = _fields(entries.pop(b""))
        tensor_entries = {name.decode(): _entry(value) for name, value in entries.items()}
    except (struct.error, LookupError, UnicodeDecodeError, TypeError) as error:
        raise unreadable(index, "damaged") from error
    if header.get(2, [0]) != [0]:
        raise unreadable(index, "written on a big-endian machine")
    tensors = {}
    shards = header.get(1, [1])[0]
    for shard in range(shards):
        path = index.with_name(
            f"{index.name.removesuffix('.index')}.data-{shard:05}-of-{shards:05}"
        )
        if not path.is_file():
            raise WeightsError(f"{path}: no such file; put it next to {index.name}")
        data = np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.empty(0, np.uint8)
        for name, entry in tensor_entries.items():
            if entry.shard == shard and entry.dtype in DTYPES:
                tensors[name] = _tensor(data, entry, name, path)
    return tensors


def _tensor(data: np.ndarray, entry: Entry, name: str, path: Path) -> Tensor:
    if entry.sliced:
        raise unreadable(path, f"'{name}' is saved in slices, which are not supported")
    dtype = np.dtype(DTYPES[entry.dtype]).newbyteorder("<")
    raw = data[entry.offset : entry.offset + entry.size]
    if len(raw) != entry.size or entry.size != dtype.itemsize * math.prod(entry.shape):
        raise unreadable(path, f"'{name}' is truncated")
    if masked_crc32c(raw) != entry.checksum:
        raise unreadable(path, f"'{name}' is damaged")
    return torch.from_numpy(np.frombuffer(raw.tobytes(), dtype).reshape(entry.shape).copy())


def _table(content: bytes, path: Path) -> Iterator[tuple[bytes, bytes]]:
    """All entries of a table file."""
    footer = content[-FOOTER_BYTES:]
    if len(footer) < FOOTER_BYTES or struct.unpack("<Q", footer[-8:])[0] != MAGIC:
        raise unreadable(path, "it is truncated, or not the index of a TensorFlow checkpoint")
    _, at = _handle(footer, 0)  # the block of metadata, which bundles do not use
    blocks, _ = _handle(footer, at)
    end = 0
    for _, pointer in _block(content, blocks, path):
        block, _ = _handle(pointer, 0)
        if block[0] < end:  # otherwise it would be read again and again
            raise unreadable(path, "damaged")
        end = block[0] + block[1]
        yield from _block(content, block, path)


def _block(content: bytes, handle: tuple[int, int], path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The entries of one block, at (offset, size)."""
    offset, size = handle
    block, compression = content[offset : offset + size], content[offset + size]
    (checksum,) = struct.unpack("<I", content[offset + size + 1 : offset + size + 5])
    if masked_crc32c(np.frombuffer(content[offset : offset + size + 1], np.uint8)) != checksum:
        raise unreadable(path, "damaged")
    if compression != 0:
        raise unreadable(path, "compressed; save the checkpoint again without compression")
    (restarts,) = struct.unpack("<I", block[-4:])
    end = len(block) - 4 - 4 * restarts
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        added, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + added]
        at += added
        yield key, block[at : at + length]
        at += length


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    """A block's (offset, size), and the position after it."""
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return (offset, size), at


def _entry(message: bytes) -> Entry:
    fields = _fields(message)
    dimensions = [_fields(d) for shape in fields.get(2, [b""]) for d in _fields(shape).get(2, [])]
    return Entry(
        dtype=fields.get(1, [0])[0],
        shape=tuple(dimension.get(1, [0])[0] for dimension in dimensions),
        shard=fields.get(3, [0])[0],
        offset=fields.get(4, [0])[0],
        size=fields.get(5, [0])[0],
        checksum=int.from_bytes(fields.get(6, [b""])[0], "little"),
        sliced=7 in fields,
    )


def _fields(message: bytes) -> Mapping[int, list[Any]]:
    """A protocol buffer message: maps field numbers to values, integers or bytes."""
    fields = dict[int, list[Any]]()
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value: int | bytes
        if tag & 7 == 0:
            value, at = _varint(message, at)
        else:
            if tag & 7 == 2:
                length, at = _varint(message, at)
            else:
                length = {1: 8, 5: 4}[tag & 7]
            value = message[at : at + length]
            at += length
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits per byte, the lowest first, and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
