"""The images of the BRAVO challenge 2024. Their labels are withheld, so they are never scored.

The root contains the folders of the full benchmark dataset: bravo_ACDC, bravo_SMIYC,
bravo_outofcontext, bravo_synflare, bravo_synobjs and bravo_synrain. Some may be missing. Source:
the directory tree in the README of github.com/valeoai/bravo_challenge.
"""

from pathlib import Path

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance, checked_root, find_images
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.pairing import unlabelled
from robustbench_seg.errors import DatasetError, unknown

PROVENANCE = Provenance(
    "BRAVO",
    "follow the links to the benchmark dataset at https://github.com/valeoai/bravo_challenge and "
    "unpack it into the root",
)

_PATTERNS = (
    "bravo_ACDC/*/test/*/*_rgb_anon.png",
    "bravo_SMIYC/*/images/*.jpg",
    "bravo_SMIYC/*/images/*.png",
    *(f"bravo_{name}/*/*_leftImg8bit.png" for name in ("outofcontext", "synflare", "synrain")),
    "bravo_synobjs/*/*.png",
    "bravo_synobjs/*/*.jpg",
)
_NO_IMAGES = ("_gt.png", "_mask.png")


def open_bravo(root: Path | None, split: str) -> FileDataset:
    """Open the images of the BRAVO challenge. All pixels are ignored.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "test", the only split.

    Returns:
        The images of all subsets that are in the root folder.

    Raises:
        DatasetError: The folder or its files are missing, or `split` is not "test".
    """
    if split != "test":
        raise DatasetError(unknown("split of BRAVO", split, ["test"]))
    root = checked_root(root, PROVENANCE)
    images = find_images(root, _PATTERNS, PROVENANCE)
    facts = dataset_facts("bravo")
    shown = [image for image in images if not image.endswith(_NO_IMAGES)]
    return FileDataset(facts.name, split, facts, unlabelled(root, shown, facts.table))
