"""Weight files: sources, writing, reading, and loading them into a network."""

from robustbench_seg.weights.card_weights import cached_weights, fetch_all_weights, fetch_weights
from robustbench_seg.weights.loading import copy_weights, load_encoder, load_weights, shapes_of
from robustbench_seg.weights.readers.first_bytes import check_file
from robustbench_seg.weights.readers.weight_paths import digest_weights, find_weights
from robustbench_seg.weights.sources.hub_folder import CONFIG, fetch_hub_folder, fetch_hub_weights
from robustbench_seg.weights.sources.source_text import parse_source
from robustbench_seg.weights.weight_file import (
    Weights,
    not_finite,
    read_tensors,
    read_weights,
    save_weights,
)
from robustbench_seg.weights.weight_table import weight_table

__all__ = [
    "CONFIG",
    "Weights",
    "cached_weights",
    "check_file",
    "copy_weights",
    "digest_weights",
    "fetch_all_weights",
    "fetch_hub_folder",
    "fetch_hub_weights",
    "fetch_weights",
    "find_weights",
    "load_encoder",
    "load_weights",
    "not_finite",
    "parse_source",
    "read_tensors",
    "read_weights",
    "save_weights",
    "shapes_of",
    "weight_table",
]
