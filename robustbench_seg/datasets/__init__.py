"""Datasets: splits of images and labels, which `open_dataset` opens by name.

* The interface: dataset.py; datasets on disk: file_dataset.py, dataset_files.py.
* The datasets: registry.py; layouts/ has a file for each public dataset, custom/ opens datasets of
  users, and minicity/ draws the built-in one.
* Classes and the meaning of label ids: facts.py, facts_by_name.py, label_table.py,
  label_colours.py, palette.py.
* The files of a split: root_folder.py, globs.py, label_forms.py, split_files.py.
* Reading files as arrays: decoding.py, instances.py; their digests: digest_cache.py.
* Derived from labels: frequencies.py, plausibility.py. Other classes: class_map.py,
  class_map_file.py.
"""

from robustbench_seg.datasets.class_map import ClassMap
from robustbench_seg.datasets.class_map_file import (
    fitting_maps,
    list_class_maps,
    load_class_map,
)
from robustbench_seg.datasets.dataset import (
    IGNORE,
    Dataset,
    Image,
    Labels,
    Sample,
    evenly_spaced,
)
from robustbench_seg.datasets.dataset_files import corrupted_image, image_sizes, is_labelled
from robustbench_seg.datasets.decoding import read_image, read_label_ids
from robustbench_seg.datasets.digest_cache import file_digests
from robustbench_seg.datasets.facts_by_name import (
    built_in_facts,
    class_groups,
    class_names,
    described_facts,
    image_size,
    published_images,
)
from robustbench_seg.datasets.file_dataset import FileDataset
from robustbench_seg.datasets.frequencies import (
    ClassFrequencies,
    class_frequencies,
    load_class_frequencies,
    shipped_frequencies,
)
from robustbench_seg.datasets.instances import read_instances
from robustbench_seg.datasets.label_table import id_ranges
from robustbench_seg.datasets.plausibility import label_warning
from robustbench_seg.datasets.registry import (
    DATASETS,
    DatasetEntry,
    check_dataset_name,
    list_datasets,
    open_dataset,
)

__all__ = [
    "DATASETS",
    "IGNORE",
    "ClassFrequencies",
    "ClassMap",
    "Dataset",
    "DatasetEntry",
    "FileDataset",
    "Image",
    "Labels",
    "Sample",
    "built_in_facts",
    "check_dataset_name",
    "class_frequencies",
    "class_groups",
    "class_names",
    "corrupted_image",
    "described_facts",
    "evenly_spaced",
    "file_digests",
    "fitting_maps",
    "id_ranges",
    "image_size",
    "image_sizes",
    "is_labelled",
    "label_warning",
    "list_class_maps",
    "list_datasets",
    "load_class_frequencies",
    "load_class_map",
    "open_dataset",
    "published_images",
    "read_image",
    "read_instances",
    "read_label_ids",
    "shipped_frequencies",
]
