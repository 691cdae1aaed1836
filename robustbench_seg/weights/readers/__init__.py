"""Readers of weight files of any origin: sizes are limited, and no code of a file runs."""
