"""Seeded damage to the bytes of a file, or to the values in it."""

import copy
import math
from collections.abc import Iterator
from random import Random
from typing import Any

HOSTILE = [
    "",
    "x",
    "../../x",
    "/etc/passwd",
    "a/b\\c",
    "\0",
    "\x1b[31m\n\r\t",
    "\u202eevil",
    "=1+1",
    "<script>alert(1)</script>",
    "é" * 300,
    "x" * 100_000,
    0,
    1,
    -1,
    255,
    256,
    65536,
    2**31,
    2**63 - 1,
    -(2**63),
    0.0,
    -0.0,
    0.5,
    1e-300,
    1e30,
    1e308,
    math.nan,
    math.inf,
    -math.inf,
    True,
    False,
    [],
    [[]],
    [0],
    ["x"],
    [1, "x"],
    {},
    {"x": 1},
    {"": {"": {}}},
]
"""Values that a field does not expect. TOML can hold all of them."""

ONLY_JSON = [None, 2**70, -(2**200), 10**400]


def damaged(data: bytes, random: Random) -> tuple[str, bytes]:
    """Damage bytes in one way. Returns what was done, and the bytes."""
    size = max(len(data), 1)
    at = random.randrange(size)
    match random.randrange(9):
        case 0 | 1 | 2:
            bit = random.randrange(8)
            return f"bit {bit} of byte {at} flipped", flipped(data, at, bit)
        case 3:
            return f"cut at {at}", data[:at]
        case 4:
            length = random.randrange(1, 64)
            return f"{length} zeros at {at}", data[:at] + bytes(length) + data[at + length :]
        case 5:
            noise = random.randbytes(random.randrange(1, 64))
            return f"{len(noise)} random bytes at {at}", data[:at] + noise + data[at + len(noise) :]
        case 6:
            noise = random.randbytes(random.randrange(1, 64))
            return f"{len(noise)} random bytes put in at {at}", data[:at] + noise + data[at:]
        case 7:
            end = min(size, at + random.randrange(1, 256))
            return f"{at} to {end} taken out", data[:at] + data[end:]
        case _:
            end = min(size, at + random.randrange(1, 256))
            return f"{at} to {end} twice", data[:end] + data[at:]


def flipped(data: bytes, at: int, bit: int) -> bytes:
    """Flip one bit."""
    changed = bytearray(data)
    if changed:
        changed[at] ^= 1 << bit
    return bytes(changed)


def altered(tree: Any, random: Random, values: list[Any]) -> tuple[str, Any]:
    """Alter one to three places of nested dicts and lists. Returns what was done, and the tree."""
    tree = copy.deepcopy(tree)
    done = []
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        places = list(_places(tree, ""))
        if not places:
            break
        path, holder, key = random.choice(places)
        match random.randrange(8):
            case 0:
                del holder[key]
                done.append(f"{path} taken out")
            case 1 if isinstance(holder, dict):
                holder[f"{key}x"] = holder.pop(key)
                done.append(f"{path} renamed")
            case 2 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
                done.append(f"{path} twice")
            case _:
                value = copy.deepcopy(random.choice(values))
                holder[key] = value
                done.append(f"{path} = {repr(value)[:60]}")
    return "; ".join(done), tree


def _places(tree: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(tree, dict):
        items = list(tree.items())
    elif isinstance(tree, list):
        items = list(enumerate(tree))
    else:
        return
    for key, value in items:
        yield f"{path}/{key}", tree, key
        yield from _places(value, f"{path}/{key}")
