"""Describes a user's dataset after its images became PNG files, as in a generated tree."""

from collections.abc import Sequence
from dataclasses import replace

from robustbench_seg.codec import to_toml
from robustbench_seg.datasets.custom.description import DatasetDescription
from robustbench_seg.datasets.custom.glob_pairs import GlobPair
from robustbench_seg.records.values.condition import as_png


def png_layout(
    description: DatasetDescription,
    split: str,
    pairs: Sequence[GlobPair],
    images: Sequence[str],
) -> str | None:
    """Describe a split whose images have become PNG files and whose labels are unchanged.

    Args:
        description: The description of the dataset.
        split: The split, the only one that the result describes.
        pairs: The globs of the split.
        images: Paths of its images.

    Returns:
        TOML without the key `name`. If the description has a list, `list` names one that the tree
        must write, because lines of the original may be paths with another suffix. None if an
        image changes its suffix but its glob does not spell the suffix out.
    """
    globs = dict[tuple[str, str], None]()
    renamed = any(as_png(image) != image for image in images)
    for pair in pairs:
        for glob in pair.images:
            glob_png = glob.with_suffix(".png") if renamed else glob
            if glob_png is None:
                return None
            globs |= {(glob_png.text, labels.text): None for labels in pair.labels}
    described = replace(
        description,
        classes_of=None,  # the file lists the classes
        images={split: tuple(images for images, _ in globs)},
        labels={split: tuple(labels for _, labels in globs)},
        list=None if description.list is None else {split: f"images-of-{description.name}.txt"},
    )
    empty = {
        key for key in ("about", "groups", "persons", "citation") if not getattr(described, key)
    }
    return to_toml(described, without={"name", "apply_orientation", *empty})
