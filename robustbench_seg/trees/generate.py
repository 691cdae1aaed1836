"""Write the corrupted copies of a dataset: what `robustseg generate-cityscapes-c` does."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from robustbench_seg.cards import check_count
from robustbench_seg.corruption.engine import check_draws
from robustbench_seg.datasets import Dataset, image_sizes, open_dataset
from robustbench_seg.errors import CorruptionError, DatasetError, IncompleteError, ModelError
from robustbench_seg.files import checked_path
from robustbench_seg.records.choices import Stream
from robustbench_seg.records.corruption_choice import CorruptionChoice
from robustbench_seg.records.protocol import Protocol, load_protocol
from robustbench_seg.records.ranges import WORKERS
from robustbench_seg.records.shard import WHOLE, Shard
from robustbench_seg.trees.manifest import Manifest, read_tree_record
from robustbench_seg.trees.plan import CleanImage, TreePlan
from robustbench_seg.trees.record import check_goes_on, check_unclaimed
from robustbench_seg.trees.space import space_needed
from robustbench_seg.trees.writing import write_tree

CLEAN_FOLDER = "clean"
"""Folder in a tree of the clean images and labels of a dataset that lies in no files."""


@dataclass(frozen=True)
class PlanSummary:
    """The work that a start has before it.

    Attributes:
        dataset: Name of the dataset.
        split: Which part of it.
        images: Clean images of the shard.
        conditions: Conditions of each.
        missing: Corrupted images that are not there yet.
        needed: Bytes that these will take, about.
        free: Bytes that are free.
        workers: Processes.
    """

    dataset: str
    split: str
    images: int
    conditions: int
    missing: int
    needed: int
    free: int
    workers: int

    def __str__(self) -> str:
        total = self.images * self.conditions
        return (
            f"{self.dataset} {self.split}: {self.images} images x {self.conditions} conditions = "
            f"{total} images, {total - self.missing} of them there already; {self.missing} to "
            f"make, about {_size(self.needed)} of {_size(self.free)} free; "
            f"{self.workers} at a time"
        )


def generate_cityscapes_c(
    *,
    out: Path | str,
    data: Path | str | None = None,
    dataset: str | Path | Dataset = "cityscapes",
    split: str = "val",
    corruptions: Iterable[str] = (),
    severities: Iterable[int] = (),
    protocol: str | Path | Protocol = "cityscapes-c",
    stream: Stream = "fast",
    seed: int = 0,
    workers: int | None = None,
    shard: Shard = WHOLE,
    keep_going: bool = False,
    announce: Callable[[PlanSummary], object] = lambda summary: None,
    progress: Callable[[int, int], object] = lambda made, left_out: None,
) -> Manifest:
    """Write every image of a dataset under every corruption and severity.

    `out`/<corruption>/<severity>/ has the layout of the dataset itself, with a relative link to
    its labels. Images are PNG whatever they were. minicity, which is drawn by the program, is drawn
    into `out`/clean first. Started again, it makes only what is missing; with other corruptions or
    severities it adds them. Whatever is raised, finished images are kept.

    With several workers a script needs the usual `if __name__ == "__main__"`.

    Args:
        out: Folder to write to.
        data: Root folder of the dataset; for Cityscapes it defaults to $CITYSCAPES_DATASET.
        dataset: Name of the dataset, its TOML file, or an open one, which has a root and a split.
        split: Split of the dataset.
        corruptions: Names of the corruptions to make; by default all of the protocol.
        severities: Severities to make, 1 to 5; by default all.
        protocol: Name of the protocol, its TOML file, or a Protocol.
        stream: "fast" or "reference".
        seed: 0 to 2^32 - 1.
        workers: Processes; by default one per core.
        shard: Which part of the images to make; when all are made, `verify` merges them.
        keep_going: Leave out images that cannot be read.
        announce: Called once, before the first image, with what there is to do.
        progress: Called after each clean image with the numbers of corrupted images made and of
            those left out.

    Returns:
        The manifest, with the digest of every file; of a shard, that of the shard.

    Raises:
        CorruptionError: A name, severity, seed or stream that does not exist; a folder that holds
            another tree or cannot be written; too full a disk.
        DatasetError: The dataset is not there, or an image cannot be read.
        CardError: A TOML file lacks something or is wrong.
        IncompleteError: With `keep_going`, images were left out; the manifest is written and names
            them, and `reasons` says why.
    """
    out = checked_path(out)
    protocol = load_protocol(protocol)
    conditions = protocol.conditions(corruptions, severities)
    check_draws(stream, seed)
    workers = min(_cores(), int(WORKERS.most)) if workers is None else workers
    check_count("workers", workers, WORKERS, ModelError)
    opened = _opened(dataset, data, split)
    choice = CorruptionChoice(protocol, stream, seed)
    images = _clean_images(opened, image_sizes(opened))
    plan = TreePlan(out, images, conditions, choice, opened.name, opened.split, shard=shard)
    check_unclaimed(out, protocol, lambda: read_tree_record(out))
    if (begun := read_tree_record(out)) is not None:
        check_goes_on(out, begun, plan.record)
    on_disk = opened.on_disk(out / CLEAN_FOLDER)
    if on_disk is not opened:
        _check_drawn(opened, on_disk, out / CLEAN_FOLDER)
        clean_files = tuple(f"{CLEAN_FOLDER}/{name}" for name in _files(on_disk))
        plan = replace(plan, images=_clean_images(on_disk, {}), clean_files=clean_files)
    announce(_summary(plan, workers))
    manifest = write_tree(plan, workers=workers, keep_going=keep_going, progress=progress)
    if manifest.left_out:
        raise IncompleteError(
            f"{out}: {len(manifest.left_out)} images were left out; mend their sources and start "
            "again to add them",
            tuple(dict.fromkeys(manifest.left_out.values())),
        )
    return manifest


def _opened(dataset: str | Path | Dataset, data: Path | str | None, split: str) -> Dataset:
    if isinstance(dataset, str | Path):
        return open_dataset(dataset, data, split)
    if data is not None:
        raise DatasetError(f"{dataset.name} is open already; give no root folder with it")
    return dataset


def _check_drawn(dataset: Dataset, on_disk: Dataset, folder: Path) -> None:
    """CorruptionError if a file of a drawn dataset is not what is drawn."""
    for index, name in enumerate(dataset.ids):
        drawn, found = dataset[index], on_disk[index]
        same_image = np.array_equal(drawn.image, found.image)
        if not (same_image and np.array_equal(drawn.labels, found.labels)):
            raise CorruptionError(
                f"{folder / name} or its labels are not those of {dataset.name}; remove {folder} "
                "and start again"
            )


def _files(dataset: Dataset) -> Iterator[str]:
    """Paths of the images and labels in the dataset's root."""
    for index, name in enumerate(dataset.ids):
        yield name
        yield from dataset.companions(index)


def _clean_images(dataset: Dataset, sizes: Mapping[str, int]) -> tuple[CleanImage, ...]:
    return tuple(
        CleanImage(name, partial(dataset.image, index), dataset.companions(index), sizes.get(name))
        for index, name in enumerate(dataset.ids)
    )


def _summary(plan: TreePlan, workers: int) -> PlanSummary:
    """Sum up what will be written. Raises CorruptionError where the disk is too full."""
    folder = plan.out.absolute()
    while not folder.exists():
        folder = folder.parent
    summary = PlanSummary(
        dataset=plan.dataset,
        split=plan.split,
        images=len(plan.shard_images),
        conditions=len(plan.conditions),
        missing=sum(1 for _ in plan.missing()),
        needed=space_needed(plan),
        free=shutil.disk_usage(folder).free,
        workers=workers,
    )
    if summary.needed > summary.free:
        raise CorruptionError(
            f"{plan.out}: about {_size(summary.needed)} are needed, {_size(summary.free)} "
            "are free; choose another folder, or fewer corruptions and severities"
        )
    return summary


def _cores() -> int:
    # Of those this process may use, where the system tells (Linux).
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
