"""Weight files: writing, reading, and loading them into a network."""

from robustbench_seg.weights.file import Weights, find_weights, read_weights, save_weights
from robustbench_seg.weights.loading import load_encoder, load_weights

__all__ = [
    "Weights",
    "find_weights",
    "load_encoder",
    "load_weights",
    "read_weights",
    "save_weights",
]
