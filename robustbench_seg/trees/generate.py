"""Writes the corrupted copies of a dataset, as `robustseg generate-cityscapes-c` does."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Unpack

from robustbench_seg.corruption import check_stream
from robustbench_seg.datasets import (
    DATASETS,
    TreeDataset,
    check_dataset,
    files_of,
    image_sizes,
    open_dataset,
)
from robustbench_seg.errors import CorruptionError, IncompleteError, OptionError
from robustbench_seg.machine.cores import core_count
from robustbench_seg.records.cards.protocol import Protocol, load_protocol
from robustbench_seg.records.specs.spec_values import check_given_alone
from robustbench_seg.records.specs.tree_spec import TreeOptions, TreeSpec, tree_spec
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.records.values.ranges import WORKERS
from robustbench_seg.trees.manifests.manifest import Manifest
from robustbench_seg.trees.manifests.tree_record import CorruptionChoice
from robustbench_seg.trees.plan_summary import PlanSummary, sum_up
from robustbench_seg.trees.writing.clean_images import clean_images, with_images_on_disk
from robustbench_seg.trees.writing.plan import TreePlan
from robustbench_seg.trees.writing.resume import check_folder
from robustbench_seg.trees.writing.write_tree import write_tree

log = logging.getLogger(__name__)


def generate_cityscapes_c(
    spec: TreeSpec | None = None,
    *,
    dataset: str | Path | TreeDataset | None = None,
    protocol: str | Path | Protocol | None = None,
    announce: Callable[[PlanSummary], object] = lambda summary: None,
    progress: Callable[[int, int], object] = lambda new, left_out: None,
    **options: Unpack[TreeOptions],
) -> Manifest:
    """Write every image of a dataset under every corruption and severity.

    `generate_cityscapes_c(spec)` and `generate_cityscapes_c(out=..., data=..., ...)` are
    equivalent. `out`/<corruption>/<severity>/ has the layout of the dataset, with a relative link
    to its labels. All images are PNG files. If a TOML file describes the dataset, each folder gets
    one, too. minicity has no files, so it is first drawn into `out`/clean. A second call writes
    only the missing images, and can add corruptions or severities. An error leaves finished images
    in place.

    With several workers, a script needs `if __name__ == "__main__"` around this call.

    Args:
        spec: The specification. It excludes all other options.
        dataset: Name of the dataset, its TOML file, or an open one, which has a root and a split.
            None means Cityscapes.
        protocol: Name of the protocol, its TOML file, or a Protocol. None means cityscapes-c.
        announce: Called once, before the first image, with a summary of the work.
        progress: Called after each clean image with the numbers of corrupted images written and
            skipped since the last call.
        **options: The other fields of TreeSpec, among them `out`.

    Returns:
        The manifest of the tree or shard, with the digest of every file.

    Raises:
        OptionError: An option, the stream or the seed does not exist, or an open dataset is given
            with a root folder.
        CorruptionError: The protocol has no such corruption or severity, or it is an attack.
        TreeError: The folder contains another tree, or the disk has too little free space.
        FileError: The folder cannot be written.
        DatasetError: The dataset does not exist or lacks something, or an image cannot be read.
        CardError: A TOML file lacks something or is wrong.
        IncompleteError: With `keep_going`, images were left out. The manifest is written and names
            them; `reasons` gives the reasons.

    >>> rs.generate_cityscapes_c(
    ...     data="city", out="city-c", corruptions=["contrast"], severities=[3], workers=1
    ... )
    <tree of cityscapes val: 2 files>
    """
    if not isinstance(dataset, str | Path | None):
        check_dataset(dataset, TreeDataset)
    if spec is None:
        names = _name(dataset, TreeSpec.dataset), _name(protocol, TreeSpec.protocol)
        spec = tree_spec(*names, **options)
    else:
        check_given_alone(dataset, protocol, options=options)
    loaded = protocol if isinstance(protocol, Protocol) else load_protocol(spec.protocol)
    check_stream(spec.stream, spec.seed)
    conditions = _conditions(spec, loaded)
    clean = _opened(dataset, spec)
    plan = _plan(spec, clean, loaded, conditions)
    _warn_without_description(plan, clean)
    check_folder(spec.out, plan.record, loaded)
    plan = with_images_on_disk(plan, clean)
    workers = spec.workers or min(core_count(), int(WORKERS.most))
    announce(sum_up(plan, workers))
    manifest = write_tree(plan, workers=workers, keep_going=spec.keep_going, progress=progress)
    _check_complete(spec.out, manifest)
    return manifest


def _conditions(spec: TreeSpec, protocol: Protocol) -> tuple[Condition, ...]:
    """The requested conditions. An attack is refused."""
    conditions = protocol.conditions(spec.corruptions, spec.severities)
    for condition in conditions:
        if protocol.perturbation(condition.name).is_attack:
            raise CorruptionError(
                f"{condition.name} is an attack, which needs a network and the true labels; use "
                "`evaluate`"
            )
    return conditions


def _warn_without_description(plan: TreePlan, clean: TreeDataset) -> None:
    if files_of(clean) and plan.png_layout is None and clean.name not in DATASETS:
        log.warning(
            "%s: no TOML files were written that describe its folders as datasets, because the "
            "globs of %s would not match PNG files; end each glob of images with a suffix, such "
            "as .jpg",
            plan.out,
            clean.name,
        )


def _check_complete(out: Path, manifest: Manifest) -> None:
    if manifest.left_out:
        raise IncompleteError(
            f"{out}: {len(manifest.left_out)} images were left out; fix their sources and run "
            "again to add them",
            tuple(dict.fromkeys(manifest.left_out.values())),
        )


def _plan(
    spec: TreeSpec, clean: TreeDataset, protocol: Protocol, conditions: tuple[Condition, ...]
) -> TreePlan:
    files = files_of(clean)
    return TreePlan(
        out=spec.out,
        conditions=conditions,
        images=clean_images(clean, image_sizes(clean)),
        choice=CorruptionChoice(protocol, spec.stream, spec.seed),
        dataset=clean.name,
        split=clean.split,
        shard=spec.shard,
        png_layout=files.png_layout if files else None,
    )


def _name(thing: str | Path | TreeDataset | Protocol | None, default: str) -> str | Path:
    """The name of a dataset or protocol, given by name or as an object."""
    if thing is None:
        return default
    return thing if isinstance(thing, str | Path) else thing.name


def _opened(dataset: str | Path | TreeDataset | None, spec: TreeSpec) -> TreeDataset:
    """The dataset that the caller opened, or the one that the specification names."""
    if isinstance(dataset, str | Path | None):
        return open_dataset(spec.dataset, spec.data, spec.split)
    if spec.data is not None:
        raise OptionError(f"{dataset.name} is already open; leave out data")
    return dataset
