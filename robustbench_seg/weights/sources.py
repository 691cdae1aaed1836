"""Where weights are: beside their card, in a cache, or still with whoever published them.

Files from the hub lie in the hub's own cache, which other programs share; all others, and what
was fetched by hand, in $ROBUSTSEG_CACHE or ~/.cache/robustseg.
"""

import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from robustbench_seg.errors import WeightsError
from robustbench_seg.files import cache_folder, digest_bytes
from robustbench_seg.records.model_card import ModelCard, WeightsSource
from robustbench_seg.records.segmenter_record import UNTRAINED as UNTRAINED
from robustbench_seg.weights.archive import SUFFIX, unpacked
from robustbench_seg.weights.download import download, verify
from robustbench_seg.weights.finding import IN_FOLDER, SHARD_INDEX, find_weights, read_shard_index
from robustbench_seg.weights.hub import (
    NotInRepositoryError,
    cached_hub_file,
    fetch_hub_file,
    is_known_missing,
)
from robustbench_seg.weights.urls import is_url, split_url

log = logging.getLogger(__name__)

CONFIG = "config.json"
"""What transformers saves beside weights."""

NEEDED = (
    "model.safetensors or pytorch_model.bin (or, of weights in several files, its .index.json and "
    "all of them)"
)
"""The weights of a repository, in words; see IN_FOLDER."""

_NEEDED_WITH_CONFIG = f"{CONFIG}, and {NEEDED}"


def parse_source(text: str) -> WeightsSource:
    """Parse a user's source of weights.

    Args:
        text: A file or folder, hf:<hub id>[@revision], or a URL. A URL may end in #sha256= and
            the file's sha256, or its first eight digits or more. The file is then verified.

    Returns:
        The source.

    Raises:
        WeightsError: The digits are no such digest, or the text begins like a URL (http:, or any
            scheme and ://) that cannot be fetched.

    >>> parse_source("hf:nvidia/mit-b0@main").revision
    'main'
    >>> parse_source("https://example.org/a.pth#sha256=6fe0e9c3").sha256
    '6fe0e9c3'
    """
    if text.startswith("hf:"):
        repository, _, revision = text.removeprefix("hf:").partition("@")
        if not repository:
            raise WeightsError(f"{text}: no id of the Hugging Face hub; write hf:<hub id>")
        return WeightsSource("huggingface", repository, revision=revision or None)
    if is_url(text):
        url, separator, digits = text.partition("#sha256=")
        if separator and not re.fullmatch(r"[0-9a-fA-F]{8,64}", digits):
            raise WeightsError(f"{text}: 8 to 64 hexadecimal digits belong behind #sha256=")
        return WeightsSource("url", url, sha256=digits.lower() or None)
    return WeightsSource("file", str(Path(text).absolute()))


def cached_weights(card: ModelCard) -> Path | None:
    """Find the file that holds a card's weights on the disk, without network access.

    Args:
        card: The card.

    Returns:
        The file, or None where it is not on the disk.
    """
    source = card.weights
    if source.source == "none":
        return None
    try:
        place = find_weights(_place(card))
    except WeightsError:
        if source.source != "huggingface":
            return None
        file = cached_hub_file(source.location, IN_FOLDER, source.revision)
        return file if file and all(shard.exists() for shard in _shards(file)) else None
    return unpacked(place) if place.name.endswith(SUFFIX) else place


def fetch_weights(card: ModelCard, *, with_config: bool = False) -> Path:
    """Find the file that holds a card's weights, and download it if it is not on the disk.

    A file whose sha256 is not in the card is used without verification. A warning (logging)
    follows if the file's name ends in digits that look like its sha256 and differ from it.

    Args:
        card: The card.
        with_config: Also fetch the config.json beside weights of the hub, where the repository has
            one. It names the classes.

    Returns:
        The file.

    Raises:
        WeightsError: No weights are published, they cannot be downloaded, or they are not those
            of the card. The message names the file to fetch by hand and where to put it.
    """
    source = card.weights
    if source.source == "none":
        raise WeightsError(
            f"{card.name}: no weights are published; make some with robustseg train --model "
            f"{card.name}. Give a file with --weights, or --weights {UNTRAINED} for random ones "
            "(timing only)"
        )
    if source.source == "huggingface":
        _warn_of_folder(source.location, source.revision)
    place, file = _place(card), cached_weights(card)
    if file is None:
        file = _FETCH[source.source](source, place)
    if with_config and source.source == "huggingface" and file.parent != place:
        _optional_hub_file(source.location, CONFIG, file.parent.name, place, _NEEDED_WITH_CONFIG)
    if source.source != "file":
        # Also what was put there by hand; of an archive, the archive.
        kept = place if place.is_file() else file
        digest = verify(kept, source.sha256 or "", source.location, place)
        hint = named_digest(source.location) if source.source == "url" else ""
        if not source.sha256 and not digest.startswith(hint):
            log.warning(
                "warning: %s: its name ends in %s, but its sha256 begins with %s; it is used all "
                "the same. Add #sha256=%s to the URL to have it verified",
                *(source.location, hint, digest[: len(hint)], digest[:16]),
            )
    return file


def fetch_hub_folder(repository: str, revision: str | None, name: str, optional: str) -> Path:
    """Find a folder with two files of a repository of the hub that describe a model.

    A folder that a user put into the cache by hand comes first. Else it is the folder of the hub's
    own cache, and missing files are downloaded.

    Args:
        repository: Hub id.
        revision: Commit, tag or branch. None: the main branch.
        name: Name of a file.
        optional: Name of a file that the repository may lack.

    Returns:
        The folder.

    Raises:
        WeightsError: As for fetch_weights.
    """
    _warn_of_folder(repository, revision)
    place = _hub_place(repository, revision)
    if place.is_dir():
        return place
    needed = f"{name}, {optional}, and {NEEDED}"
    folder = _hub_file(repository, (name,), revision, place, needed).parent
    # A snapshot's folder is called by its commit: all files are to be of the same one.
    _optional_hub_file(repository, optional, folder.name, place, needed)
    return folder


def fetch_hub_weights(repository: str, revision: str | None, folder: Path) -> Path:
    """Find the weights that belong to a folder of `fetch_hub_folder`.

    Args:
        repository: Hub id.
        revision: As given to `fetch_hub_folder`.
        folder: What it returned.

    Returns:
        The weight file, or the index of weights in several files, which are there as well.

    Raises:
        WeightsError: As for fetch_weights.
    """
    place = _hub_place(repository, revision)
    return find_weights(folder) if folder == place else _hub_weights(repository, folder.name, place)


def named_digest(url: str) -> str:
    """Find the start of a sha256 at the end of a file's name, where torch.hub puts it.

    Args:
        url: URL of the file.

    Returns:
        The digits, or "" where the name has none.

    >>> named_digest("https://example.org/b0_20211208-e7f88502.pth")
    'e7f88502'
    >>> named_digest("https://example.org/b0-20240115.pth")  # a date
    ''
    """
    match = re.search(r"-(?!(?:19|20)\d{6}\.)([0-9a-f]{8,64})\.\w+$", split_url(url).path)
    return match[1] if match else ""


def _place(card: ModelCard) -> Path:
    """Where the weights lie, or are to be put by hand: a file, or a folder for a hub id."""
    source = card.weights
    if source.source == "file":
        return card.folder / source.location
    if source.source == "huggingface":
        return _hub_place(source.location, source.revision)
    if source.source == "manual":
        return cache_folder() / f"{card.name}.pth"
    name = PurePosixPath(unquote(split_url(source.location).path)).name
    name = re.sub(r"[\x00-\x1f\x7f/\\]", "_", name)[-100:]  # what any disk takes as a name
    hint = named_digest(source.location)
    if not (hint and (source.sha256 or "").startswith(hint)):
        # Two sites may both call their file model.pth.
        name = f"{digest_bytes(source.location.encode())[:8]}-{name}"
    return cache_folder() / name


def _hub_place(repository: str, revision: str | None) -> Path:
    """The folder for the files of a repository that are fetched by hand."""
    name = f"{repository}@{revision}" if revision else repository
    return cache_folder() / name.replace("/", "--")


def _warn_of_folder(repository: str, revision: str | None) -> None:
    """Name the folder put there by hand that is not used, because a revision is asked for."""
    place, plain = _hub_place(repository, revision), _hub_place(repository, None)
    if plain.is_dir() and not place.is_dir():
        log.warning(
            "warning: %s: revision %s of the hub is used, not the folder %s; if that holds this "
            "revision, rename it to %s",
            *(repository, revision, plain, place.name),
        )


def _beside_card(source: WeightsSource, place: Path) -> Path:
    return find_weights(place)


def _hub_file(
    repository: str, names: tuple[str, ...], revision: str | None, place: Path, needed: str
) -> Path:
    cached = cached_hub_file(repository, names, revision)
    return cached or fetch_hub_file(repository, names, revision, place, needed)


def _optional_hub_file(
    repository: str, name: str, revision: str | None, place: Path, needed: str
) -> Path | None:
    """The file, or None where the repository has none; WeightsError where nobody can tell."""
    if is_known_missing(repository, name, revision):
        return None
    try:
        return _hub_file(repository, (name,), revision, place, needed)
    except NotInRepositoryError:
        return None


def _from_hub(source: WeightsSource, place: Path) -> Path:
    return _hub_weights(source.location, source.revision, place)


def _hub_weights(repository: str, revision: str | None, place: Path) -> Path:
    """The weight file, or the index of weights in several files, which are there as well."""
    file = _hub_file(repository, IN_FOLDER, revision, place, NEEDED)
    for shard in _shards(file):
        # A snapshot's folder is called by its commit: all files are to be of the same one.
        _hub_file(repository, (shard.name,), file.parent.name, place, NEEDED)
    return file


def _shards(file: Path) -> list[Path]:
    """The files that belong to a file of the hub."""
    if not file.name.endswith(SHARD_INDEX):
        return []
    return [file.parent / name for name in sorted(set(read_shard_index(file).values()))]


def _from_url(source: WeightsSource, place: Path) -> Path:
    download(source.location, place, source.sha256 or "")
    return unpacked(place) if place.name.endswith(SUFFIX) else place


def _by_hand(source: WeightsSource, place: Path) -> Path:
    raise WeightsError(
        f"{source.location} answers people, not programs: open it in a browser and save the file "
        f"as {place}"
    )


_FETCH: Mapping[str, Callable[[WeightsSource, Path], Path]] = {
    "file": _beside_card,
    "huggingface": _from_hub,
    "url": _from_url,
    "manual": _by_hand,
}
