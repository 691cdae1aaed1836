"""Datasets: splits of images and labels, which `open_dataset` opens by name.

* By name: registry.py opens a split, facts_by_name.py looks up its classes.
* minicity/ draws the built-in dataset, layouts/ has a file for each public dataset, and custom/
  opens datasets of users.
* splits/: the interface of a split, and the splits that consist of files.
* image_files/: files are found, decoded to arrays, and digested.
* classes/: the classes, their colours, and the meaning of label ids.
* Counted from labels: frequencies.py. Other classes: class_map.py, class_map_file.py.
"""

from robustbench_seg.datasets.class_map import ClassMap
from robustbench_seg.datasets.class_map_file import (
    class_map_table,
    fitting_maps,
    list_class_maps,
    load_class_map,
)
from robustbench_seg.datasets.classes.facts import DatasetFacts
from robustbench_seg.datasets.classes.label_table import IGNORE, Labels, id_ranges
from robustbench_seg.datasets.facts_by_name import (
    built_in_facts,
    class_groups,
    class_names,
    described_facts,
    facts_of,
    image_size,
    published_images,
)
from robustbench_seg.datasets.frequencies import (
    ClassFrequencies,
    class_frequencies,
    load_class_frequencies,
    shipped_frequencies,
)
from robustbench_seg.datasets.image_files.decoding import Image, read_image, read_label_ids
from robustbench_seg.datasets.image_files.digest_cache import file_digests
from robustbench_seg.datasets.registry import (
    DATASETS,
    check_dataset_name,
    list_datasets,
    open_dataset,
)
from robustbench_seg.datasets.splits.dataset import (
    Dataset,
    EvaluationDataset,
    LabelledSamples,
    NamedImages,
    Sample,
    Samples,
    TreeDataset,
    check_dataset,
    evenly_spaced,
)
from robustbench_seg.datasets.splits.optional_files import (
    files_of,
    image_sizes,
    instances_of,
    is_labelled,
)
from robustbench_seg.datasets.splits.plausibility import label_warning
from robustbench_seg.datasets.splits.split_files import SplitFiles

__all__ = [
    "DATASETS",
    "IGNORE",
    "ClassFrequencies",
    "ClassMap",
    "Dataset",
    "DatasetFacts",
    "EvaluationDataset",
    "Image",
    "LabelledSamples",
    "Labels",
    "NamedImages",
    "Sample",
    "Samples",
    "SplitFiles",
    "TreeDataset",
    "built_in_facts",
    "check_dataset",
    "check_dataset_name",
    "class_frequencies",
    "class_groups",
    "class_map_table",
    "class_names",
    "described_facts",
    "evenly_spaced",
    "facts_of",
    "file_digests",
    "files_of",
    "fitting_maps",
    "id_ranges",
    "image_size",
    "image_sizes",
    "instances_of",
    "is_labelled",
    "label_warning",
    "list_class_maps",
    "list_datasets",
    "load_class_frequencies",
    "load_class_map",
    "open_dataset",
    "published_images",
    "read_image",
    "read_label_ids",
    "shipped_frequencies",
]
