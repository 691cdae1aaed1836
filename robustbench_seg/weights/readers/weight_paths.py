"""The weight files of a path, and their digest.

Two formats have several files (shards): TensorFlow's, `model.ckpt.index` and `model.ckpt.data-*`,
and that of transformers, whose `model.safetensors.index.json` maps each tensor to a file in the
same folder.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from robustbench_seg.errors import WeightsError
from robustbench_seg.files import digest_file, digest_json
from robustbench_seg.weights.readers.first_bytes import check_file, unreadable

SHARD_INDEX = ".index.json"

IN_FOLDER = (
    "model.safetensors",
    f"model.safetensors{SHARD_INDEX}",
    "pytorch_model.bin",
    f"pytorch_model.bin{SHARD_INDEX}",
)
"""Names of the weight files in a folder that transformers saved."""

BUNDLE_INDEX = ".index"
"""The suffix of the index of a TensorFlow checkpoint."""


def find_weights(path: Path) -> Path:
    """Find the weight file of a path.

    Args:
        path: A weight file, a folder that transformers saved, a folder with one TensorFlow
            checkpoint, or a TensorFlow checkpoint's name without suffix.

    Returns:
        The weight file, or the index of weights in several files.

    Raises:
        WeightsError: There is no weight file.
    """
    try:
        if path.is_dir():
            indices = list(path.glob(f"*{BUNDLE_INDEX}"))
            names = [*(path / name for name in IN_FOLDER), *(indices if len(indices) == 1 else [])]
            path = next((name for name in names if name.is_file()), path)
        elif not path.is_file() and path.with_name(path.name + BUNDLE_INDEX).is_file():
            path = path.with_name(path.name + BUNDLE_INDEX)
        found = path.is_file()
    except (OSError, ValueError) as error:  # a name that no file can have
        raise WeightsError(f"{path}: no weights: no such file ({error})") from error
    if not found:
        reason = f"it contains none of {', '.join(IN_FOLDER)}" if path.is_dir() else "no such file"
        raise WeightsError(f"{path}: no weights: {reason}")
    return path


def weight_files(path: Path) -> tuple[Path, ...]:
    """List all files of weights.

    Args:
        path: The file that find_weights returns.

    Returns:
        The file, and all shards if it is an index.

    Raises:
        WeightsError: An index of transformers cannot be read, or one of its shards is missing or in
            another folder.
    """
    if path.name.endswith(SHARD_INDEX):
        shards = tuple(path.parent / name for name in sorted(set(read_shard_index(path).values())))
        for shard in shards:
            if not shard.is_file():
                raise WeightsError(
                    f"{shard}: no such file, but {path.name} lists it; get all shards"
                )
        return (path, *shards)
    if path.suffix == BUNDLE_INDEX:
        return (path, *sorted(path.parent.glob(f"{path.stem}.data-*-of-*")))
    return (path,)


def digest_weights(path: Path) -> str:
    """Compute the sha256 of a weight file, or of all its shards.

    Args:
        path: The file that find_weights returns.

    Returns:
        64 hex digits.

    Raises:
        WeightsError: As for weight_files.
    """
    files = weight_files(path)
    if len(files) == 1:
        return digest_file(path)
    return digest_json([digest_file(file) for file in files])


def read_shard_index(path: Path) -> Mapping[str, str]:
    """Read an index as transformers saves it.

    Args:
        path: The index, such as model.safetensors.index.json.

    Returns:
        Maps the name of a tensor to the name of its file, in the folder of the index.

    Raises:
        WeightsError: The index cannot be read, or names a file outside its folder.
    """
    check_file(path)
    try:
        places = dict(json.loads(path.read_bytes())["weight_map"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise unreadable(path, "damaged: not a JSON object with a weight_map") from error
    for place in places.values():
        if not isinstance(place, str) or place in ("", ".", "..") or set(place) & set("/\\:\0"):
            raise WeightsError(
                f"{path}: refused: its shard {place!r:.80} is not the name of a file in its "
                "folder; get the index from its publisher"
            )
    if not places:
        raise WeightsError(f"{path}: no weights: its weight_map is empty; save the weights again")
    return places
