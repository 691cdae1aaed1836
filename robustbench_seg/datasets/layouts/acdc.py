"""ACDC: real street scenes in fog, at night, in rain and in snow, with the classes of Cityscapes.

rgb_anon/<subset>/<split>/<sequence>/<frame>_rgb_anon.png is the image, and
gt/<subset>/<split>/<sequence>/<frame>_gt_labelTrainIds.png (or _gt_labelIds.png) its labels.

Each image has a reference: the same place under normal conditions,
rgb_anon/<subset>/<split>_ref/<sequence>/<frame>_rgb_ref_anon.png with the labels
gt/<subset>/<split>_ref/<sequence>/<frame>_gt_ref_labelTrainIds.png. 1503 of the 4006
references have labels. The first release of the dataset had labels for none of them.

Sources: Sakaridis, Dai, Van Gool, "ACDC: The Adverse Conditions Dataset with Correspondences for
Semantic Driving Scene Understanding", ICCV 2021; for the references Sakaridis et al., "ACDC: The
Adverse Conditions Dataset with Correspondences for Robust Semantic Driving Scene Perception",
arXiv 2104.13395v4.
"""

from pathlib import Path

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance, checked_root, find_images
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import forms_by_ending
from robustbench_seg.datasets.splits.pairing import pair_files, unlabelled
from robustbench_seg.errors import DatasetError

SUBSETS = ("fog", "night", "rain", "snow")
PROVENANCE = Provenance(
    "ACDC",
    "register at https://acdc.vision.ee.ethz.ch, then unpack rgb_anon_trainvaltest.zip and "
    "gt_trainval.zip into the root",
)

_FURTHER = ("labelColor.png", "invIds.png", "invGray.png")


def _truth(image: str, ending: str) -> str:
    frame, ref = image.removeprefix("rgb_anon").removesuffix("_anon.png"), ""
    if frame.endswith("_ref"):
        frame, ref = frame.removesuffix("_ref"), "_ref"
    return f"gt{frame.removesuffix('_rgb')}_gt{ref}_{ending}"


def subsets_of(image: str) -> tuple[str, ...]:
    """Return the subset that an image belongs to: its condition.

    >>> subsets_of("rgb_anon/fog/val/GOPR0476/GOPR0476_frame_000854_rgb_anon.png")
    ('fog',)
    """
    return tuple(part for part in image.split("/")[1:2] if part in SUBSETS)


def place_of(image: str) -> str:
    """Return the part of the path that an image and its reference share.

    >>> place_of("rgb_anon/fog/val/GOPR0476/GOPR0476_frame_000854_rgb_anon.png")
    'fog/val/GOPR0476/GOPR0476_frame_000854'
    >>> place_of("rgb_anon/fog/val_ref/GOPR0476/GOPR0476_frame_000854_rgb_ref_anon.png")
    'fog/val/GOPR0476/GOPR0476_frame_000854'
    """
    place = image.removeprefix("rgb_anon/").removesuffix("_rgb_anon.png")
    return place.removesuffix("_rgb_ref_anon.png").replace("_ref/", "/")


def open_acdc(
    root: Path | None, split: str, subset: str | None = None, *, reference: bool = False
) -> FileDataset:
    """Open a split of ACDC, or its reference images.

    The labels of the test split are withheld. Without them all its pixels are ignored, so it can
    be corrupted and predicted, but not scored.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "train", "val" or "test".
        subset: One of SUBSETS. None: all four.
        reference: Whether to open the reference images that have labels (the same places under
            normal conditions) instead of the split. `left_out` lists those without labels.

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, an image has no labels, or no
            reference image has labels.
    """
    root = checked_root(root, PROVENANCE)
    ref = "_ref" if reference else ""
    pattern = f"{split}{ref}/*/*_rgb{ref}_anon.png"
    subsets = SUBSETS if subset is None else (subset,)
    images = find_images(root, [f"rgb_anon/{name}/{pattern}" for name in subsets], PROVENANCE)
    facts = dataset_facts("acdc")
    tables = {"labelTrainIds.png": facts.index_table, "labelIds.png": facts.table}
    forms = forms_by_ending(_truth, tables, _FURTHER)
    labelled = [i for i in images if any((root / form.path_of(i)).exists() for form in forms)]
    if split == "test" and not labelled:
        files = unlabelled(root, images, facts.table)  # the table is part of the runs' identity
    elif reference and not labelled:
        raise DatasetError(
            f"{PROVENANCE.title}: none of {len(images)} reference images in {root} has labels "
            f"such as {forms[0].path_of(images[0])}; the first release of ACDC has none: download "
            "gt_trainval.zip again, or leave out the references"
        )
    else:
        files = pair_files(root, labelled if reference else images, forms, PROVENANCE)
    name = "acdc-ref" if reference else "acdc"
    return FileDataset(name if subset is None else f"{name}:{subset}", split, facts, files)
