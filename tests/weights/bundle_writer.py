"""A writer of TensorFlow checkpoints for the tests, after the public descriptions of LevelDB's
table format and of tensor_bundle.proto: small blocks, keys sharing prefixes, several shards.
"""

import struct
from pathlib import Path

import google_crc32c
import numpy as np

DTYPES = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "float16": 19}
RESTART_INTERVAL = 4


def write_bundle(prefix: Path, tensors: dict, shards=1, compression=0, sliced=()) -> Path:
    """Write `tensors` (numpy arrays) as the checkpoint `prefix`; return its index file."""
    data = [bytearray() for _ in range(shards)]
    entries = {b"": number(1, shards) + message(3, number(1, 1))}
    for i, (name, value) in enumerate(sorted(tensors.items())):
        shard, raw = i % shards, value.astype(value.dtype.newbyteorder("<")).tobytes()
        shape = b"".join(message(2, number(1, side)) for side in value.shape)
        entries[name.encode()] = (
            number(1, DTYPES[value.dtype.name])
            + message(2, shape)
            + (number(3, shard) if shard else b"")
            + number(4, len(data[shard]))
            + number(5, len(raw))
            + varint(6 << 3 | 5)
            + masked_crc(raw)
            + (message(7, b"") if name in sliced else b"")
        )
        data[shard] += raw
    for shard, raw in enumerate(data):
        Path(f"{prefix}.data-{shard:05}-of-{shards:05}").write_bytes(raw)
    index = Path(f"{prefix}.index")
    index.write_bytes(table(sorted(entries.items()), compression))
    return index


def table(entries: list, compression: int, per_block: int = 10) -> bytes:
    content, pointers = b"", []
    for i in range(0, len(entries), per_block):
        some = entries[i : i + per_block]
        raw = block(some)
        pointers.append((some[-1][0], varint(len(content)) + varint(len(raw))))
        content += raw + bytes([compression]) + masked_crc(raw + bytes([compression]))
    handles = b""
    for raw in (block([]), block(pointers)):
        handles += varint(len(content)) + varint(len(raw))
        content += raw + b"\0" + masked_crc(raw + b"\0")
    return content + handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def block(entries: list) -> bytes:
    content, restarts, previous = b"", [], b""
    for i, (key, value) in enumerate(entries):
        if i % RESTART_INTERVAL == 0:
            restarts.append(len(content))
            previous = b""
        shared = 0
        while shared < min(len(previous), len(key)) and previous[shared] == key[shared]:
            shared += 1
        content += varint(shared) + varint(len(key) - shared) + varint(len(value))
        content += key[shared:] + value
        previous = key
    restarts = restarts or [0]
    return content + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def masked_crc(data: bytes) -> bytes:
    """CRC-32C (RFC 3720), masked as in LevelDB's util/crc32c.h."""
    crc = google_crc32c.value(bytes(data))
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    parts = []
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def variables(seed: int = 0) -> dict:
    """Some variables of a network; their names share prefixes."""
    state = np.random.RandomState(seed)
    scope = "xception_65/middle_flow/block1"
    return {
        **{f"{scope}/unit_{i}/gamma": state.randn(i).astype(np.float32) for i in range(1, 30)},
        "half": state.randn(5).astype(np.float16),
        "empty": np.zeros((0, 3), np.float32),
        "global_step": np.array(30000),
    }
