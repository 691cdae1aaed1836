"""Writing a corrupted dataset: images x conditions -> DIR/<corruption>/<severity>/<image>.png.

One of several processes reads each clean image once and corrupts it under every condition. A file
depends on the tree's record, its clean image and its condition alone, and it appears whole or not
at all. So any number of workers, and any number of interrupted starts, end in the same tree.
"""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from robustbench_seg.corruption import library_differences, probe
from robustbench_seg.errors import TreeError
from robustbench_seg.files import cannot_be_written
from robustbench_seg.machine.locks import exclusive, registered
from robustbench_seg.machine.pool import run_in_processes
from robustbench_seg.records.values.shard import WHOLE
from robustbench_seg.trees.continuation import begin_or_continue
from robustbench_seg.trees.descriptions import write_descriptions
from robustbench_seg.trees.image_job import ImageJob, ImageResult, file_digests
from robustbench_seg.trees.links import link_labels
from robustbench_seg.trees.manifest import (
    MANIFEST,
    RECORD_FILE,
    Digests,
    Manifest,
    read_manifest,
    read_shard,
    shard_manifests,
)
from robustbench_seg.trees.merging import write_merged
from robustbench_seg.trees.plan import TreePlan
from robustbench_seg.trees.record import TreeRecord
from robustbench_seg.trees.unprobed import check_unprobed

log = logging.getLogger(__name__)


def write_tree(
    plan: TreePlan,
    *,
    workers: int = 1,
    keep_going: bool = False,
    progress: Callable[[int, int], object] = lambda made, left_out: None,
) -> Manifest:
    """Write the missing files of a corrupted dataset, then its manifest.

    A tree may grow: another call with other corruptions or severities adds them. Files that are
    there already stay as they are. After an error the finished files stay, without a manifest.

    Args:
        plan: The files to write.
        workers: Number of processes.
        keep_going: Whether to leave out files that cannot be made. The manifest's `left_out` names
            them.
        progress: Called after each image with the numbers of files made and of files left out.

    Returns:
        The manifest.

    Raises:
        TreeError: `out` holds another tree, or a condition gives other pixels than when the
            tree was begun.
        FileError: A file cannot be written.
        DatasetError: An image cannot be read.
    """
    plan.check_names()
    out, planned = plan.out, _probed_record(plan)
    files = dict[str, Digests]()
    left_out = dict[str, str]()

    def take(result: ImageResult) -> None:
        files.update(result.files)
        left_out.update(result.left_out)
        progress(result.made, len(result.left_out))

    try:
        out.mkdir(parents=True, exist_ok=True)
        with registered(out) as sweep:
            known = _known(plan)
            existing = begin_or_continue(
                out, planned, lambda existing: check_unprobed(plan, existing, known)
            )
            _warn_of_other_libraries(out, existing, planned)
            links = link_labels(plan)
            files |= {name: file_digests(out / name) for name in plan.clean_files}
            files |= write_descriptions(plan)
            work = ImageJob(plan, keep_going, known)
            died = TreeError(
                "a worker process died, perhaps for want of memory; what is finished is kept: "
                "start again with fewer workers"
            )
            run_in_processes(work, len(plan.shard_images), workers, take, died=died)
            record = dataclasses.replace(
                existing, laws=planned.laws, probe=planned.probe, source_sizes=_sizes(plan, files)
            )
            made = Manifest(**vars(record), files=files, links=links, left_out=left_out)
            if plan.shard == WHOLE:
                sweep()
            with exclusive(out / RECORD_FILE):
                return write_merged(out, made, plan.shard)
    except OSError as error:
        # An error of a link or a rename has two paths; the second is the one to write.
        where = error.filename2 or error.filename or out
        raise cannot_be_written(Path(where), error) from error


def _probed_record(plan: TreePlan) -> TreeRecord:
    """The record of the tree with the probe of its conditions."""
    choice = plan.choice
    digests = probe(plan.conditions, choice.protocol, choice.stream, choice.seed)
    return dataclasses.replace(plan.record, probe=digests)


def _warn_of_other_libraries(out: Path, existing: TreeRecord, now: TreeRecord) -> None:
    if versions := library_differences(existing.libraries, now.libraries):
        log.warning("%s goes on under other versions (%s): the pixels are the same", out, versions)


def _known(plan: TreePlan) -> Mapping[str, Digests]:
    """The digests that earlier starts have recorded."""
    parts = [read_shard(path).files for path in shard_manifests(plan.out).values()]
    if (plan.out / MANIFEST).exists():
        parts.append(read_manifest(plan.out).files)
    return {name: digests for part in reversed(parts) for name, digests in part.items()}


def _sizes(plan: TreePlan, files: Mapping[str, Digests]) -> Mapping[str, int]:
    """The sizes of the clean images of which there are files."""
    conditions = plan.conditions
    return {
        image.id: image.size
        for image in plan.shard_images
        if image.size is not None and any(plan.name(image, c) in files for c in conditions)
    }
