"""Trees: a dataset corrupted on disk, made, described by a manifest and verified."""
