"""Typed records that several rooms share, and the readers of the content files that hold them."""
