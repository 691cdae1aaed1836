"""The weights of a card: next to the card, in a cache, or downloaded from their publisher.

Files from the hub are in the hub's cache, which other programs share. All other files, and files
that users downloaded by hand, are in $ROBUSTSEG_CACHE or ~/.cache/robustseg.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from robustbench_seg.errors import IncompleteError, WeightsError
from robustbench_seg.files import cache_folder, digest_bytes
from robustbench_seg.records.cards.model_card import ModelCard, load_card
from robustbench_seg.records.cards.weights_source import WeightsSource
from robustbench_seg.records.runs.segmenter_record import UNTRAINED
from robustbench_seg.weights.readers.archive import SUFFIX, unpacked
from robustbench_seg.weights.readers.weight_paths import IN_FOLDER, find_weights
from robustbench_seg.weights.sources.download import download, verify_digest
from robustbench_seg.weights.sources.hub import NotOnHubError, cached_hub_file
from robustbench_seg.weights.sources.hub_folder import (
    CONFIG,
    NEEDED,
    hub_place,
    hub_shards,
    hub_weights,
    optional_hub_file,
    warn_of_folder,
)
from robustbench_seg.weights.sources.source_text import named_digest
from robustbench_seg.weights.sources.urls import split_url

log = logging.getLogger(__name__)

_NEEDED_WITH_CONFIG = f"{CONFIG}, and {NEEDED}"


def cached_weights(card: ModelCard) -> Path | None:
    """Find the file with a card's weights on the disk, without network access.

    Args:
        card: The card.

    Returns:
        The file of the first source that is on the disk, or None if there is none.
    """
    found = (_cached(each) for each in _by_source(card) if each.weights.source != "none")
    return next((file for file in found if file), None)


def _by_source(card: ModelCard) -> Iterator[ModelCard]:
    """Yield copies of the card with one source each, the preferred one first."""
    source: WeightsSource | None = card.weights
    while source:
        yield replace(card, weights=replace(source, otherwise=None))
        source = source.otherwise


def _cached(card: ModelCard) -> Path | None:
    """Return the file of a card's first source, or None if it is not on the disk."""
    source = card.weights
    try:
        place = find_weights(_place(card))
    except WeightsError:
        if source.source != "huggingface":
            return None
        file = cached_hub_file(source.location, IN_FOLDER, source.revision)
        return file if file and all(shard.exists() for shard in hub_shards(file)) else None
    return unpacked(place) if place.name.endswith(SUFFIX) else place


def fetch_weights(card: ModelCard, *, with_config: bool = False) -> Path:
    """Find the file with a card's weights, and download it if it is not on the disk.

    If the hub no longer has the card's first source, the next one is fetched, with a warning
    (logging).

    A file whose sha256 is not in the card is used without verification. A warning (logging)
    follows if the file's name ends in digits that look like its sha256 and differ from it.

    Args:
        card: The card.
        with_config: Whether to download config.json with weights from the hub, if the repository
            has it. It names the classes.

    Returns:
        The file.

    Raises:
        WeightsError: No weights are published, they cannot be downloaded, or they are not those of
            the card. The message names the file to download by hand and its place.
    """
    if card.weights.source == "none":
        raise WeightsError(
            f"{card.name}: no weights are published; train some with robustseg train --model "
            f"{card.name}, give a file as weights, or give weights {UNTRAINED} for random ones "
            "(timing only)"
        )
    sources = list(_by_source(card))
    sources = [each for each in sources if _cached(each)][:1] or sources
    for each, following in pairwise(sources):
        try:
            return _verified(each, with_config=with_config)
        except NotOnHubError as error:
            log.warning("%s; %s is fetched instead", error, following.weights.location)
    return _verified(sources[-1], with_config=with_config)


def fetch_all_weights(models: Iterable[str | Path]) -> Iterator[tuple[ModelCard, Path]]:
    """Fetch the weights of several cards, and go on if those of one cannot be fetched.

    Args:
        models: Names of cards, or card files.

    Yields:
        Each card and the file of its weights.

    Raises:
        ModelError: There is no such card; nothing is fetched.
        IncompleteError: The weights of some cards could not be fetched. Raised at the end.
    """
    failed = []
    for card in [load_card(model) for model in models]:
        try:
            file = fetch_weights(card)
        except WeightsError as error:
            failed.append(str(error))
        else:
            yield card, file
    if failed:
        raise IncompleteError("; and ".join(failed))


def _verified(card: ModelCard, *, with_config: bool) -> Path:
    """Return the file of a card's first source; see fetch_weights."""
    source = card.weights
    if source.source == "huggingface":
        warn_of_folder(source.location, source.revision)
    place, file = _place(card), _cached(card)
    if file is None:
        file = _fetch(source, place)
    if with_config and source.source == "huggingface" and file.parent != place:
        optional_hub_file(source.location, CONFIG, file.parent.name, place, _NEEDED_WITH_CONFIG)
    if source.source != "file":
        # Includes files that users put there by hand; for an archive, the archive itself.
        kept = place if place.is_file() else file
        digest = verify_digest(kept, source.sha256 or "", source.location, place)
        hint = named_digest(source.location) if source.source == "url" else ""
        if not source.sha256 and not digest.startswith(hint):
            log.warning(
                "%s: its name ends in %s, but its sha256 begins with %s; it is used "
                "nevertheless. Add #sha256=%s to the URL to verify it",
                source.location,
                hint,
                digest[: len(hint)],
                digest[:16],
            )
    return file


def _place(card: ModelCard) -> Path:
    """The place of the weights, also for files from users: a file, or a folder for a hub id."""
    source = card.weights
    if source.source == "file":
        return card.folder / source.location
    if source.source == "huggingface":
        return hub_place(source.location, source.revision)
    if source.source == "manual":
        return cache_folder() / f"{card.name}.pth"
    name = PurePosixPath(unquote(split_url(source.location).path)).name
    name = re.sub(r"[\x00-\x1f\x7f/\\]", "_", name)[-100:]  # valid on every disk
    hint = named_digest(source.location)
    if not (hint and (source.sha256 or "").startswith(hint)):
        # Two sites may use the same name, such as model.pth.
        name = f"{digest_bytes(source.location.encode())[:8]}-{name}"
    return cache_folder() / name


def _fetch(source: WeightsSource, place: Path) -> Path:
    """Download weights that are not on the disk yet, and return their file."""
    if source.source == "huggingface":
        return hub_weights(source.location, source.revision, place)
    if source.source == "url":
        download(source.location, place, source.sha256 or "")
        return unpacked(place) if place.name.endswith(SUFFIX) else place
    if source.source == "manual":
        raise WeightsError(
            f"{source.location} cannot be downloaded by a program; download it in a browser and "
            f"save it as {place}"
        )
    return find_weights(place)  # a file next to the card; the error names it
