"""The datasets: `open_dataset` opens one by name (registry.py)."""

from robustbench_seg.datasets.base import IGNORE, Dataset, Image, Labels, Sample
from robustbench_seg.datasets.decoding import read_image
from robustbench_seg.datasets.digests import file_digests
from robustbench_seg.datasets.file_dataset import FileDataset, corrupted_image, image_sizes
from robustbench_seg.datasets.instances import read_instances
from robustbench_seg.datasets.plausibility import label_warning
from robustbench_seg.datasets.registry import (
    DATASETS,
    check_name,
    citation,
    class_groups,
    class_names,
    has_conditions,
    image_place,
    image_size,
    image_subsets,
    label_ids,
    list_datasets,
    open_dataset,
    person_classes,
    published_images,
    reference_dataset,
)

__all__ = [
    "DATASETS",
    "IGNORE",
    "Dataset",
    "FileDataset",
    "Image",
    "Labels",
    "Sample",
    "check_name",
    "citation",
    "class_groups",
    "class_names",
    "corrupted_image",
    "file_digests",
    "has_conditions",
    "image_place",
    "image_size",
    "image_sizes",
    "image_subsets",
    "label_ids",
    "label_warning",
    "list_datasets",
    "open_dataset",
    "person_classes",
    "published_images",
    "read_image",
    "read_instances",
    "reference_dataset",
]
