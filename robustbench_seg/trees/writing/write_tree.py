"""Writes a corrupted dataset: DIR/<corruption>/<severity>/<image>.png for all conditions.

One of several processes reads each clean image once and corrupts it under every condition. A file
depends only on the tree's record, its clean image and its condition, and it is written atomically.
So the tree does not depend on the number of workers or of interrupted starts.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from robustbench_seg.corruption import library_differences, probe
from robustbench_seg.errors import TreeError
from robustbench_seg.files import cannot_be_written
from robustbench_seg.machine.locks import exclusive, registered
from robustbench_seg.machine.pool import run_in_processes
from robustbench_seg.records.values.shard import WHOLE
from robustbench_seg.trees.manifests.manifest import Digests, Manifest, read_manifest_files
from robustbench_seg.trees.manifests.tree_files import RECORD_FILE
from robustbench_seg.trees.manifests.tree_record import TreeRecord
from robustbench_seg.trees.writing.descriptions import write_descriptions
from robustbench_seg.trees.writing.image_job import ImageJob, ImageResult, image_digests
from robustbench_seg.trees.writing.links import link_labels
from robustbench_seg.trees.writing.merging import write_merged
from robustbench_seg.trees.writing.plan import TreePlan
from robustbench_seg.trees.writing.resume import begin_or_resume
from robustbench_seg.trees.writing.spot_check import check_spots

log = logging.getLogger(__name__)


def write_tree(
    plan: TreePlan,
    *,
    workers: int = 1,
    keep_going: bool = False,
    progress: Callable[[int, int], object] = lambda new, left_out: None,
) -> Manifest:
    """Write the missing files of a corrupted dataset, then its manifest.

    A tree may grow: another call with other corruptions or severities adds them. Existing files do
    not change. After an error the finished files remain, without a manifest.

    Args:
        plan: The files to write.
        workers: Number of processes.
        keep_going: Whether to leave out files that cannot be created. The manifest's `left_out`
            names them.
        progress: Called after each image with the numbers of files created and left out.

    Returns:
        The manifest.

    Raises:
        TreeError: `out` contains another tree, or a condition gives other pixels than at the
            beginning of the tree.
        FileError: A file cannot be written.
        DatasetError: An image cannot be read.
    """
    plan.check_names()
    out, planned = plan.out, _probed_record(plan)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with registered(out) as sweep:
            known = _known(plan)
            existing = begin_or_resume(out, planned, lambda tree: check_spots(plan, tree, known))
            _warn_of_other_libraries(out, existing, planned)
            written = _WrittenFiles(progress)
            written.links = link_labels(plan)
            written.files |= {name: image_digests(out / name) for name in plan.clean_files}
            written.files |= write_descriptions(plan)
            work = ImageJob(plan, keep_going, known)
            died = TreeError(
                "a worker process died, perhaps because memory ran out; finished work is kept: run "
                "again with fewer workers"
            )
            run_in_processes(work, len(plan.shard_images), workers, written.add, died=died)
            manifest = written.manifest(plan, existing, planned)
            if plan.shard == WHOLE:
                sweep()
            with exclusive(out / RECORD_FILE):
                return write_merged(out, manifest, plan.shard)
    except OSError as error:
        # An error of a link or a rename has two paths; the second is the target.
        where = error.filename2 or error.filename or out
        raise cannot_be_written(Path(where), error) from error


@dataclass
class _WrittenFiles:
    """The files that a start has written so far.

    Attributes:
        progress: See `write_tree`.
        files: Maps paths in the tree to digests of the files.
        left_out: Maps paths in the tree to the reasons why the files are missing.
        links: Maps paths of links in the tree to their relative targets.
    """

    progress: Callable[[int, int], object]
    files: dict[str, Digests] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    def add(self, result: ImageResult) -> None:
        """Add the files of one clean image."""
        self.files.update(result.files)
        self.left_out.update(result.left_out)
        self.progress(result.new, len(result.left_out))

    def manifest(self, plan: TreePlan, existing: TreeRecord, planned: TreeRecord) -> Manifest:
        """Describe the files; a resumed tree keeps the rest of its record."""
        sizes = _sizes(plan, self.files)
        record = replace(existing, laws=planned.laws, probe=planned.probe, source_sizes=sizes)
        return Manifest(record=record, files=self.files, links=self.links, left_out=self.left_out)


def _probed_record(plan: TreePlan) -> TreeRecord:
    """The record of the tree with the probe of its conditions."""
    choice = plan.choice
    digests = probe(plan.conditions, choice.protocol, choice.stream, choice.seed)
    return replace(plan.record, probe=digests)


def _warn_of_other_libraries(out: Path, existing: TreeRecord, now: TreeRecord) -> None:
    if versions := library_differences(existing.libraries, now.libraries):
        log.warning(
            "%s continues under other versions (%s): the pixels are the same", out, versions
        )


def _known(plan: TreePlan) -> Mapping[str, Digests]:
    """The digests that earlier starts have recorded."""
    manifests = read_manifest_files(plan.out)
    return {name: digests for each in manifests for name, digests in each.files.items()}


def _sizes(plan: TreePlan, files: Mapping[str, Digests]) -> Mapping[str, int]:
    """The sizes of the clean images that have files."""
    conditions = plan.conditions
    return {
        image.id: image.size
        for image in plan.shard_images
        if image.size is not None and any(plan.name(image, c) in files for c in conditions)
    }
