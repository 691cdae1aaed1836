"""Where weights are: beside their card, in a cache, or still with whoever published them.

Files from the hub lie in the hub's own cache, which other programs share; all others, and what
was fetched by hand, in $ROBUSTSEG_CACHE or ~/.cache/robustseg.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from robustbench_seg.errors import WeightsError
from robustbench_seg.files import digest_bytes
from robustbench_seg.records.model_card import ModelCard, WeightsSource
from robustbench_seg.records.segmenter_record import UNTRAINED as UNTRAINED
from robustbench_seg.weights.archive import SUFFIX, unpacked
from robustbench_seg.weights.download import download, verify
from robustbench_seg.weights.file import IN_FOLDER, find_weights
from robustbench_seg.weights.hub import cached_hub_file, fetch_hub_file


def cache_folder() -> Path:
    """$ROBUSTSEG_CACHE, by default ~/.cache/robustseg."""
    return Path(os.environ.get("ROBUSTSEG_CACHE") or Path.home() / ".cache" / "robustseg")


def parse_source(text: str) -> WeightsSource:
    """What a user gives as weights: a file or folder, hf:<hub id>, or a URL.

    >>> parse_source("hf:nvidia/mit-b0@main").revision
    'main'
    >>> parse_source("https://example.org/a.pth").source
    'url'
    """
    if text.startswith("hf:"):
        repository, _, revision = text.removeprefix("hf:").partition("@")
        return WeightsSource("huggingface", repository, revision=revision or None)
    if text.startswith(("https://", "http://")):
        return WeightsSource("url", text)
    return WeightsSource("file", str(Path(text).absolute()))


def cached_weights(card: ModelCard) -> Path | None:
    """The file that holds a card's weights, if it is at hand. Never reaches for the network."""
    source = card.weights
    if source.source == "none":
        return None
    try:
        place = find_weights(_place(card))
    except WeightsError:
        if source.source != "huggingface":
            return None
        return cached_hub_file(source.location, IN_FOLDER, source.revision)
    return unpacked(place) if place.name.endswith(SUFFIX) else place


def fetch_weights(card: ModelCard) -> Path:
    """The file that holds a card's weights, downloaded if it is not at hand.

    Raises WeightsError where none are published, or they cannot be had, or are not what the
    card says; it names what to fetch by hand and where to put it.
    """
    source = card.weights
    if source.source == "none":
        raise WeightsError(
            f"{card.name}: no weights are published; make some with robustseg train --model "
            f"{card.name}. Give a file with --weights, or --weights {UNTRAINED} for random ones "
            "(timing only)"
        )
    place, file = _place(card), cached_weights(card)
    if file is None:
        file = _FETCH[source.source](source, place)
    if source.source != "file":
        # Also what was put there by hand; of an archive, the archive.
        kept = place if place.is_file() else file
        verify(kept, digest_start(source), source.location, place)
    return file


def fetch_hub_folder(repository: str, revision: str | None, names: tuple[str, ...]) -> Path:
    """A folder with the weights of `repository` and its files `names`: the one put into the cache
    by hand, or that of the hub's own cache, to which is downloaded what it lacks.

    Raises WeightsError as fetch_weights does.
    """
    place = cache_folder() / repository.replace("/", "--")
    if place.is_dir():
        return place
    for name in names:
        folder = _hub_file(repository, (name,), revision, place).parent
        # A snapshot's folder is called by its commit: all files are to be of the same one.
        revision = folder.name
    return _hub_file(repository, IN_FOLDER, revision, place).parent


def digest_start(source: WeightsSource) -> str:
    """What is known of the sha256 of a source's file: its card's word, or its own name's end.

    >>> digest_start(WeightsSource("url", "https://example.org/b0_20211208-e7f88502.pth"))
    'e7f88502'
    >>> digest_start(WeightsSource("url", "https://example.org/b0-20240115.pth"))  # a date
    ''
    """
    name = urlsplit(source.location).path
    found = re.search(r"-(?!(?:19|20)\d{6}\.)([0-9a-f]{8,64})\.\w+$", name)
    return source.sha256 or (found[1] if found else "")


def _place(card: ModelCard) -> Path:
    """Where the weights lie, or are to be put by hand: a file, or a folder for a hub id."""
    source = card.weights
    if source.source == "file":
        return card.folder / source.location
    if source.source == "huggingface":
        return cache_folder() / source.location.replace("/", "--")
    name = PurePosixPath(unquote(urlsplit(source.location).path)).name
    if source.source == "manual":
        return cache_folder() / f"{card.name}.pth"
    if not digest_start(source):
        # Two sites may both call their file model.pth.
        name = f"{digest_bytes(source.location.encode())[:8]}-{name}"
    return cache_folder() / name


def _beside_card(source: WeightsSource, place: Path) -> Path:
    return find_weights(place)


def _hub_file(repository: str, names: tuple[str, ...], revision: str | None, place: Path) -> Path:
    cached = cached_hub_file(repository, names, revision)
    return cached or fetch_hub_file(repository, names, revision, place)


def _from_hub(source: WeightsSource, place: Path) -> Path:
    return fetch_hub_file(source.location, IN_FOLDER, source.revision, place)


def _from_url(source: WeightsSource, place: Path) -> Path:
    download(source.location, place, digest_start(source))
    return unpacked(place) if place.name.endswith(SUFFIX) else place


def _by_hand(source: WeightsSource, place: Path) -> Path:
    raise WeightsError(
        f"{source.location} answers people, not programs: open it in a browser and save the file "
        f"as {place}"
    )


_FETCH: dict[str, Callable[[WeightsSource, Path], Path]] = {
    "file": _beside_card,
    "huggingface": _from_hub,
    "url": _from_url,
    "manual": _by_hand,
}
