"""Packs: a run as one file."""
