"""Where an image lies in the folder of a condition."""

from pathlib import PurePosixPath


def as_png(image_id: str) -> str:
    """Compute the path of an image in the folder of a condition. Its files are always PNG.

    Args:
        image_id: Path of the clean image relative to the dataset's root.

    Returns:
        The same path with the suffix .png.

    >>> as_png("images/validation/ADE_val_00000001.jpg")
    'images/validation/ADE_val_00000001.png'
    """
    return PurePosixPath(image_id).with_suffix(".png").as_posix()
