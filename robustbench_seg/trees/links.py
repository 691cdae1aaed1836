"""The labels beside corrupted images: relative links to the source's, never copies.

Each <corruption>/<severity> folder becomes a root of the source's dataset, as any other tool
expects it. One rule serves all layouts: link the highest folder that holds no corrupted image, and
single files where there is none. For Cityscapes that is one link, gtFine, instead of thousands;
links of single files are needed only where labels lie among the images.
"""

import errno
import os
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath


def keeps_no_links(error: OSError, folder: Path) -> bool:
    """Whether an error says that the disk of `folder` keeps no links, such as exFAT or a share."""
    return error.errno in (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS) or (
        isinstance(error, PermissionError) and os.access(folder, os.W_OK)
    )


def plan_links(
    images: Iterable[str], companions: Iterable[Mapping[str, Path]]
) -> Mapping[str, Path]:
    """The fewest links that put every companion beside the images, path -> where it leads.

    images:     paths of the corrupted images in a dataset's root, with forward slashes
    companions: for each image, path in a dataset's root -> the source's file

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
    """Make `link` lead to `target` by a relative path, atomically.

    Relative, so that source and corrupted tree can be moved together.

    Returns:
        The path; None where the file system keeps no links.

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
