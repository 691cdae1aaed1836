"""Pair images with label files by globs: the stars stand for the same text in both paths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from robustbench_seg.datasets.image_files.globs import Glob, alternatives, matches
from robustbench_seg.errors import CardError, DatasetError
from robustbench_seg.text import counted, first_items

_IMAGE_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}

_NAMED = 3
"""Maximum number of files that a note names."""


@dataclass(frozen=True)
class GlobPair:
    """The globs of images and of labels after brace expansion, all with the same stars.

    Attributes:
        images: The globs of images.
        labels: The globs of labels. The first one that gives an existing file counts.
    """

    images: tuple[Glob, ...]
    labels: tuple[Glob, ...]


def glob_pair(images: str, labels: str, where: str) -> GlobPair:
    """Read a glob of images and one of labels.

    Args:
        images: The glob of the images.
        labels: The glob of their labels.
        where: The description, for errors.

    Returns:
        The pair.

    Raises:
        CardError: A glob is wrong, or the two globs have different stars.
    """
    pair = GlobPair(
        alternatives(images, f"{where}: images"), alternatives(labels, f"{where}: labels")
    )
    if pair.images[0].stars != pair.labels[0].stars:
        raise CardError(
            f"{where}: images = '{images}' and labels = '{labels}' must have the same number of "
            "*, and ** at the same places, because images and labels are paired by what these "
            "match"
        )
    return pair


class GlobPairs:
    """The globs of a split, and the files below a root that they match in pairs."""

    def __init__(self, root: Path, pairs: Sequence[GlobPair]) -> None:
        """Store the globs; if several pairs match a file, the first one counts.

        Args:
            root: The dataset's root folder.
            pairs: The globs of the split.
        """
        self.pairs = tuple(pairs)
        self._root = root

    @property
    def texts(self) -> Sequence[str]:
        """The globs of images, without braces."""
        return [glob.text for pair in self.pairs for glob in pair.images]

    def images(self, found: Sequence[str]) -> list[str]:
        """Leave out files that are labels of another file and have no labels themselves."""
        labels = {path for image in found for path in self._candidates(image) if path != image}
        return [path for path in found if path not in labels or self._existing(path)]

    def keys(self, image: str) -> Sequence[str]:
        """Return, for each matching glob, the texts of its stars in `image`, joined by /."""
        globs = (glob for pair in self.pairs for glob in pair.images)
        found = (glob.pieces(image) for glob in globs)
        return ["/".join(piece.rstrip("/") for piece in pieces) for pieces in found if pieces]

    def labels(self, images: Sequence[str]) -> Mapping[str, str]:
        """Find the labels of each image.

        Returns:
            Maps the path of an image to the path of its labels, which may not exist.

        Raises:
            DatasetError: An image has two label files, or two images share one.
        """
        chosen, first = dict[str, str](), dict[str, str]()
        for image in images:
            existing = self._existing(image)
            if len(existing) > 1:
                raise DatasetError(
                    f"{self._root}: {image} has more than one label file: {existing[0]} and "
                    f"{existing[1]}; remove one, or write * for the part in which their names "
                    "differ"
                )
            labels = existing[0] if existing else self._candidates(image)[0]
            if (other := first.setdefault(labels, image)) != image:
                raise DatasetError(
                    f"{self._root}: {other} and {image} have the same labels {labels}; remove "
                    "one, or write * for the part in which their names differ"
                )
            chosen[image] = labels
        return chosen

    def notes(self, images: Sequence[str], *, has_list: bool) -> Sequence[str]:
        """Report files that look like images or labels but are not used.

        Args:
            images: All images that the globs find.
            has_list: Whether a list selects among them, so that labels without an image are normal.

        Returns:
            Notes in words, at most one for images and one for labels.
        """
        paired = {path for image in images for path in self._candidates(image)}
        globs = [glob for pair in self.pairs for glob in pair.labels]
        labels = {path for glob in globs for path in matches(self._root, glob.text)}
        known = {*images, *paired, *labels}
        passed_over = {
            path
            for pair in self.pairs
            for glob in pair.images
            if (any_suffix := glob.with_suffix(".*"))
            for path in matches(self._root, any_suffix.text)
            if PurePosixPath(path).suffix.lower() in _IMAGE_SUFFIXES and path not in known
        }
        notes = []
        if passed_over:
            suffixes = ", ".join(sorted({PurePosixPath(path).suffix for path in passed_over}))
            names = first_items(sorted(passed_over), _NAMED)
            notes.append(
                f"{counted(len(passed_over), 'image file')} skipped, because the globs have "
                f"another suffix: {names}; to include them, add {suffixes} to the globs"
            )
        if (alone := labels - paired - set(images)) and not has_list:
            names = first_items(sorted(alone), _NAMED)
            notes.append(f"{counted(len(alone), 'label file')} without an image: {names}")
        return notes

    def _candidates(self, image: str) -> Sequence[str]:
        """Return the possible paths of the labels of an image."""
        paths = [
            labels.filled(pieces)
            for pair in self.pairs
            for glob in pair.images
            if (pieces := glob.pieces(image)) is not None
            for labels in pair.labels
        ]
        return list(dict.fromkeys(paths))

    def _existing(self, image: str) -> Sequence[str]:
        return [path for path in self._candidates(image) if (self._root / path).exists()]
