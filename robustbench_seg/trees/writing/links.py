"""The labels next to corrupted images: relative links to the source's labels, never copies.

Each <corruption>/<severity> folder becomes a root of the source's dataset, as any other tool
expects it. One rule serves all layouts: link the highest folder that contains no corrupted image,
or single files if there is no such folder. For Cityscapes this is one link, gtFine, instead of
thousands. Links to single files are needed only if labels and images share folders.
"""

import errno
import logging
import os
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from robustbench_seg.records.values.condition import as_png
from robustbench_seg.trees.writing.plan import TreePlan

log = logging.getLogger(__name__)


def keeps_no_links(error: OSError, folder: Path) -> bool:
    """Whether an error means that the disk of `folder` cannot store links, such as exFAT."""
    return error.errno in (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS) or (
        isinstance(error, PermissionError) and os.access(folder, os.W_OK)
    )


def link_labels(plan: TreePlan) -> Mapping[str, str]:
    """Link the labels into the folder of every condition.

    Returns:
        Maps paths of links in the tree to their relative targets. On a disk without links it is
        empty, with a warning.

    Raises:
        OSError: A folder cannot be written.
    """
    names = [as_png(image.id) for image in plan.images]
    wanted = plan_links(names, (image.companions for image in plan.images))
    links = dict[str, str]()
    for condition in plan.conditions:
        for name, target in wanted.items():
            path = plan.out / condition.folder / name
            if (relative := make_link(path, target)) is None:
                log.warning(
                    "%s: this disk does not support links, so the labels are left out; other "
                    "tools need a link or copy of %s there, evaluate does not",
                    path,
                    target,
                )
                return links
            links[f"{condition.folder}/{name}"] = relative
    return links


def plan_links(
    images: Iterable[str], companions: Iterable[Mapping[str, Path]]
) -> Mapping[str, Path]:
    """Find the smallest number of links that put every companion next to the images.

    Args:
        images: Paths of the corrupted images in a dataset's root, with forward slashes.
        companions: For each image, maps paths in a dataset's root to files of the source.

    Returns:
        Maps paths of links to their targets.

    >>> files = {"gtFine/val/ulm/a_labelIds.png": Path("/data/gtFine/val/ulm/a_labelIds.png")}
    >>> plan_links(["leftImg8bit/val/ulm/a_leftImg8bit.png"], [files])["gtFine"].as_posix()
    '/data/gtFine'
    """
    taken = {folder.as_posix() for image in images for folder in PurePosixPath(image).parents}
    files = {name: path for mapping in companions for name, path in mapping.items()}
    links = dict[str, Path]()
    for name, path in files.items():
        link, target = _highest(name, path, taken)
        if links.setdefault(link, target) != target:
            return files  # one folder gathered from several places
    return links


def make_link(link: Path, target: Path) -> str | None:
    """Make a symbolic link to `target`, atomically.

    Its path is relative, so that source and corrupted tree can be moved together.

    Returns:
        The relative path; None if the file system cannot store links.

    Raises:
        OSError: The folder cannot be written.
    """
    link.parent.mkdir(parents=True, exist_ok=True)
    absolute = target.parent.resolve() / target.name
    relative = Path(os.path.relpath(absolute, link.parent.resolve())).as_posix()
    if not (link.is_symlink() and os.readlink(link) == relative):
        fresh = link.with_name(f".{link.name}.{uuid.uuid4().hex[:8]}.partial")
        try:
            os.symlink(relative, fresh)
            os.replace(fresh, link)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            if not keeps_no_links(error, link.parent):
                raise
            return None
    return relative


def _highest(name: str, path: Path, taken: set[str]) -> tuple[str, Path]:
    """The highest folder of `name` that is not `taken`, and the folder of `path` that it equals."""
    link, target = PurePosixPath(name), path
    while link.parent.as_posix() not in taken and link.parent.name == target.parent.name:
        link, target = link.parent, target.parent
    return link.as_posix(), target
