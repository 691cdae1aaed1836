"""From the name of a model to its network or segmenter."""
