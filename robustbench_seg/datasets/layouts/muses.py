"""MUSES: street scenes in clear weather, fog, rain and snow, by day and at night.

frame_camera/<split>/<weather>/<day or night>/<frame>_frame_camera.png is the image, and
gt_semantic/<split>/<weather>/<day or night>/<frame>_gt_labelTrainIds.png (or _gt_labelIds.png) its
labels, with the classes of Cityscapes. The reference frames of the same places have no labels.
Source: Brödermann et al., "MUSES: The Multi-Sensor Semantic Perception Dataset for Driving under
Uncertainty", ECCV 2024.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from robustbench_seg.datasets.classes.facts import dataset_facts
from robustbench_seg.datasets.image_files.root_folder import Provenance
from robustbench_seg.datasets.layouts.layout import Layout
from robustbench_seg.datasets.splits.file_dataset import FileDataset
from robustbench_seg.datasets.splits.label_forms import forms_by_ending

_ADVERSE = ("clear/night", "fog/*", "rain/*", "snow/*")

SUBSETS: Mapping[str, Sequence[str]] = {
    **{weather: (f"{weather}/*",) for weather in ("clear", "fog", "rain", "snow")},
    **{time: (f"*/{time}",) for time in ("day", "night")},
    "clear-day": ("clear/day",),
    "adverse": _ADVERSE,
}
"""Maps the name of a subset to its folders, as globs of <weather>/<day or night>."""

PROVENANCE = Provenance(
    "MUSES",
    "register at https://muses.ethz.ch, then unpack the frame camera and the semantic annotations "
    "into the root",
)


def _truth(image: str, ending: str) -> str:
    frame = image.removeprefix("frame_camera").removesuffix("_frame_camera.png")
    return f"gt_semantic{frame}_gt_{ending}"


def subsets_of(image: str) -> tuple[str, ...]:
    """Return the subsets that an image belongs to, in the order of SUBSETS.

    >>> subsets_of("frame_camera/val/fog/night/REC0008_frame_079714_frame_camera.png")
    ('fog', 'night', 'adverse')
    """
    weather, time = ("/".join(image.split("/")[2:4]) + "/").split("/")[:2]
    here = {f"{weather}/{time}", f"{weather}/*", f"*/{time}"}
    return tuple(name for name, folders in SUBSETS.items() if here & set(folders))


def open_muses(root: Path | None, split: str, subset: str | None = None) -> FileDataset:
    """Open a split of MUSES.

    The first packages of the test split have no labels. Without them all its pixels are ignored,
    so it can be corrupted and predicted, but not scored.

    Args:
        root: The dataset's root folder. None: a DatasetError says how to obtain the files.
        split: "train", "val" or "test".
        subset: One of SUBSETS. None: all images.

    Returns:
        The split.

    Raises:
        DatasetError: The folder or its files are missing, or an image has no labels.
    """
    folders = ("*/*",) if subset is None else SUBSETS[subset]
    images = [f"frame_camera/{split}/{folder}/*_frame_camera.png" for folder in folders]
    facts = dataset_facts("muses")
    tables = {"labelTrainIds.png": facts.index_table, "labelIds.png": facts.table}
    forms = forms_by_ending(_truth, tables, ["labelColor.png"])
    layout = Layout(facts, PROVENANCE, images, forms, withheld=split == "test")
    return layout.open(root, split, "muses" if subset is None else f"muses:{subset}")
