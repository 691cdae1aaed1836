"""Readers of weight files of any origin: sizes are bounded, and no code of a file runs."""
