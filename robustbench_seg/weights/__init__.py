"""Weight files: where they come from, writing, reading, and loading them into a network."""

from robustbench_seg.weights.file import (
    Weights,
    not_finite,
    read_tensors,
    read_weights,
    save_weights,
)
from robustbench_seg.weights.finding import digest_weights, find_weights, weight_files
from robustbench_seg.weights.first_bytes import check_file
from robustbench_seg.weights.loading import fill, load_encoder, load_weights, shapes_of
from robustbench_seg.weights.sources import (
    UNTRAINED,
    cached_weights,
    fetch_hub_folder,
    fetch_hub_weights,
    fetch_weights,
    parse_source,
)

__all__ = [
    "UNTRAINED",
    "Weights",
    "cached_weights",
    "check_file",
    "digest_weights",
    "fetch_hub_folder",
    "fetch_hub_weights",
    "fetch_weights",
    "fill",
    "find_weights",
    "load_encoder",
    "load_weights",
    "not_finite",
    "parse_source",
    "read_tensors",
    "read_weights",
    "save_weights",
    "shapes_of",
    "weight_files",
]
