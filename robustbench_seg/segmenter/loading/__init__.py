"""Loads the network or segmenter of a model by its name."""
