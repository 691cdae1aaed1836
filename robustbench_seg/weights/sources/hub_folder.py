"""The files of a model on the Hugging Face hub: cached, added by hand, or downloaded."""

import logging
from pathlib import Path

from robustbench_seg.files import cache_folder
from robustbench_seg.weights.readers.weight_paths import (
    IN_FOLDER,
    SHARD_INDEX,
    find_weights,
    read_shard_index,
)
from robustbench_seg.weights.sources.hub import (
    NotInRepositoryError,
    cached_hub_file,
    fetch_hub_file,
    is_known_missing,
)

log = logging.getLogger(__name__)

CONFIG = "config.json"
"""The file that transformers saves next to weights."""

NEEDED = (
    "model.safetensors or pytorch_model.bin (or, of weights in several files, its .index.json and "
    "all of them)"
)
"""The weights of a repository, in words; see IN_FOLDER."""


def fetch_hub_folder(repository: str, revision: str | None, name: str, *optional: str) -> Path:
    """Find a folder with the files of a hub repository that describe a model.

    A folder that a user put into the cache comes first. Otherwise it is the folder of the hub's
    cache, and missing files are downloaded.

    Args:
        repository: Hub id.
        revision: Commit, tag or branch. None: the main branch.
        name: Name of a file.
        *optional: Names of files that the repository may lack.

    Returns:
        The folder.

    Raises:
        WeightsError: As for fetch_weights.
    """
    warn_of_folder(repository, revision)
    place = hub_place(repository, revision)
    if place.is_dir():
        return place
    needed = f"{', '.join((name, *optional))}, and {NEEDED}"
    folder = _hub_file(repository, (name,), revision, place, needed).parent
    # The folder of a snapshot is named after its commit, and all files must be from the same
    # commit.
    for each in optional:
        optional_hub_file(repository, each, folder.name, place, needed)
    return folder


def fetch_hub_weights(repository: str, revision: str | None, folder: Path) -> Path:
    """Find the weights that belong to a folder of `fetch_hub_folder`.

    Args:
        repository: Hub id.
        revision: As given to `fetch_hub_folder`.
        folder: What it returned.

    Returns:
        The weight file, or the index of weights in several files, which are also downloaded.

    Raises:
        WeightsError: As for fetch_weights.
    """
    place = hub_place(repository, revision)
    return find_weights(folder) if folder == place else hub_weights(repository, folder.name, place)


def hub_place(repository: str, revision: str | None) -> Path:
    """Name the folder for the files of a repository that are fetched by hand.

    Args:
        repository: Hub id.
        revision: Commit, tag or branch. None: the main branch.
    """
    name = f"{repository}@{revision}" if revision else repository
    return cache_folder() / name.replace("/", "--")


def warn_of_folder(repository: str, revision: str | None) -> None:
    """Warn about a folder in the cache that is not used, because a revision is requested.

    Args:
        repository: Hub id.
        revision: Commit, tag or branch. None: the main branch.
    """
    place, plain = hub_place(repository, revision), hub_place(repository, None)
    if plain.is_dir() and not place.is_dir():
        log.warning(
            "%s: revision %s of the hub is used, not the folder %s; if the folder has this "
            "revision, rename it to %s",
            repository,
            revision,
            plain,
            place.name,
        )


def _hub_file(
    repository: str, names: tuple[str, ...], revision: str | None, place: Path, needed: str
) -> Path:
    cached = cached_hub_file(repository, names, revision)
    return cached or fetch_hub_file(repository, names, revision, place, needed)


def optional_hub_file(
    repository: str, name: str, revision: str | None, place: Path, needed: str
) -> Path | None:
    """Find a file that a repository may lack, and download it if it is not on the disk.

    Args:
        repository: Hub id.
        name: Name of the file.
        revision: Commit, tag or branch. None: the main branch.
        place: See hub.fetch_hub_file.
        needed: See hub.fetch_hub_file.

    Returns:
        The file, or None if the repository has none.

    Raises:
        WeightsError: It is unknown whether the repository has it.
    """
    if is_known_missing(repository, name, revision):
        return None
    try:
        return _hub_file(repository, (name,), revision, place, needed)
    except NotInRepositoryError:
        return None


def hub_weights(repository: str, revision: str | None, place: Path) -> Path:
    """Find the weights of a repository, and download them if they are not on the disk.

    Args:
        repository: Hub id.
        revision: Commit, tag or branch. None: the main branch.
        place: See hub.fetch_hub_file.

    Returns:
        The weight file, or the index of weights in several files, which are also downloaded.

    Raises:
        WeightsError: They cannot be downloaded.
    """
    file = _hub_file(repository, IN_FOLDER, revision, place, NEEDED)
    for shard in hub_shards(file):
        # The folder of a snapshot is named after its commit, and all files must be from the same
        # commit.
        _hub_file(repository, (shard.name,), file.parent.name, place, NEEDED)
    return file


def hub_shards(file: Path) -> list[Path]:
    """List the shards of weights from the hub.

    Args:
        file: The weight file, or the index of weights in several files.

    Returns:
        The shards that an index names; none for another file.
    """
    if not file.name.endswith(SHARD_INDEX):
        return []
    return [file.parent / name for name in sorted(set(read_shard_index(file).values()))]
