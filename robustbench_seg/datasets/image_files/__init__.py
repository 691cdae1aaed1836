"""The image and label files of a dataset: found, decoded to arrays, digested."""
