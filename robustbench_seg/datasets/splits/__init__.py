"""A split of a dataset: its interface, and the splits that consist of files."""
