"""The size of an image."""

Size = tuple[int, int]
"""Height and width in pixels."""
