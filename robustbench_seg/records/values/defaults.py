"""The defaults that several specifications and functions share."""

DATASET = "cityscapes"
SPLIT = "val"
"""The split of the images that are scored, corrupted or measured."""

PROTOCOL = "cityscapes-c"
RUNS = "runs"
"""The folder of run folders."""
