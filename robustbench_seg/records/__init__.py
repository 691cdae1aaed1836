"""Typed records that several rooms share, and the readers of their content files."""
