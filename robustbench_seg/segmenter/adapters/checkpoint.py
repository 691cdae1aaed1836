"""The weights in a folder that transformers saved: every tensor, and a digest of every file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from robustbench_seg.errors import ModelError, WeightsError
from robustbench_seg.files import canonical_json, digest_bytes, digest_file
from robustbench_seg.segmenter.adapters.processor import read_object
from robustbench_seg.segmenter.failures import reason
from robustbench_seg.weights.pickles import read_pickle

NAMES = ("model.safetensors", "pytorch_model.bin")
"""The weight file of a folder. A folder with several has an index, NAME.index.json."""

POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class Checkpoint:
    """The content of the weight files of a folder.

    Attributes:
        tensors: Name in the file -> tensor.
        digest: sha256 of the file, or of the digests of the index and all its files.
        name: Name of the file, or of the index.
    """

    tensors: Mapping[str, Tensor]
    digest: str
    name: str


def read_checkpoint(folder: Path, where: str) -> Checkpoint:
    """Read all tensors of a folder that transformers saved.

    Args:
        folder: The folder.
        where: The model's name in errors.

    Returns:
        The content of its weight files.

    Raises:
        ModelError: There is no weight file, or one of several is missing or damaged.
    """
    for name in NAMES:
        if (folder / name).is_file():
            path = folder / name
            return Checkpoint(_tensors(path, where), digest_file(path), name)
        if (folder / f"{name}.index.json").is_file():
            return _sharded(folder, f"{name}.index.json", where)
    raise ModelError(
        f"{where}: no weights: none of {', '.join(NAMES)} in {folder}; download them again, or "
        "save the model with save_pretrained"
    )


def check_content(path: Path, where: str) -> None:
    """Refuse a file that stands for another one.

    Args:
        path: A weight file.
        where: The model's name in errors.

    Raises:
        ModelError: The file is a Git LFS pointer, a web page or empty.
    """
    with open(path, "rb") as file:
        start = file.read(512)
    if start.startswith(POINTER):
        raise ModelError(
            f"{where}: {path.name} is a Git LFS pointer, not the file itself; run git lfs pull in "
            "its folder, or download the file"
        )
    if re.match(rb"\s*<(!doctype|html|\?xml)", start, re.IGNORECASE):
        raise ModelError(
            f"{where}: {path.name} is a web page, saved in place of the file; download it again"
        )
    if not start:
        raise ModelError(f"{where}: {path.name} is empty; download it again")


def _sharded(folder: Path, index: str, where: str) -> Checkpoint:
    try:
        places = read_object(folder / index)["weight_map"]
        if not isinstance(places, dict) or not places:
            raise ValueError("weight_map is no table of files")
        names = sorted(set(places.values()))
        if bad := [name for name in names if Path(name).name != name]:
            raise ValueError(f"{bad[0]!r} is no file beside it")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{where}: {index} cannot be read ({reason(error)}); download it again"
        ) from error
    tensors: dict[str, Tensor] = {}
    for name in names:
        if not (folder / name).is_file():
            raise ModelError(
                f"{where}: {name}, which {index} names, is not in the folder; download it"
            )
        tensors |= _tensors(folder / name, where)
    if lacking := sorted(set(places) - set(tensors)):
        raise ModelError(
            f"{where}: {len(lacking)} tensors that {index} names are in none of its files, such as "
            f"{lacking[0]}; download the files again"
        )
    digests = [digest_file(folder / name) for name in (index, *names)]
    return Checkpoint(tensors, digest_bytes(canonical_json(digests).encode()), index)


def _tensors(path: Path, where: str) -> Mapping[str, Tensor]:
    check_content(path, where)
    try:
        return load_file(path) if path.suffix == ".safetensors" else read_pickle(path)
    except WeightsError as error:
        raise ModelError(f"{where}: {error}") from error
    except Exception as error:  # those of safetensors and of pickle have no common base
        raise ModelError(
            f"{where}: {path.name} is damaged or was cut ({reason(error)}); download it again"
        ) from error
