"""An estimate of the disk space that a plan needs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from robustbench_seg.corruption.image_arrays import Image
from robustbench_seg.errors import CorruptionError, DatasetError
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.trees.writing.plan import CleanImage, TreePlan
from robustbench_seg.trees.writing.png import encode_png

_SAMPLES = 3
_NARROWEST = 64


def space_needed(plan: TreePlan) -> int:
    """Estimate the bytes that the missing files will take, from a few images.

    A vertical strip of each image is corrupted and encoded under every condition, because PNG sizes
    differ tenfold between contrast and noise. A strip has the full height, because sky compresses
    better than trees, and each image gives a strip at another place.

    Returns:
        The number of bytes; 0 if nothing is missing, or if no image can be read.
    """
    missing = Counter(condition for _, condition in plan.missing())
    if not missing:
        return 0
    samples = [
        _sizes(plan, image, pixels, (place + 0.5) / _SAMPLES, list(missing))
        for place, (image, pixels) in enumerate(_readable(plan.shard_images))
    ]
    count = len(samples) or 1
    return int(sum(n * sum(size[c] for size in samples) / count for c, n in missing.items()))


def _readable(images: Sequence[CleanImage]) -> Iterator[tuple[CleanImage, Image]]:
    """A few images with their pixels, spread over the dataset."""
    for image in images[:: max(1, len(images) // _SAMPLES)][:_SAMPLES]:
        # write_tree reports a damaged image, or leaves it out on request.
        with suppress(DatasetError):
            yield image, image.read()


def _sizes(
    plan: TreePlan,
    image: CleanImage,
    pixels: Image,
    place: float,
    conditions: list[Condition],
) -> Mapping[Condition, float]:
    """Bytes of an image as PNG under each condition, from a strip at `place` (0..1) across."""
    width = pixels.shape[1]
    wide = min(width, max(_NARROWEST, width // 8))
    left = round((width - wide) * place)
    strip = pixels[:, left : left + wide]
    sizes = dict.fromkeys(conditions, 0.0)
    for condition in conditions:
        with suppress(CorruptionError):  # too small for this corruption: write_tree reports it
            variant = plan.corrupted(image, strip, condition)
            sizes[condition] = len(encode_png(variant)) * width / wide
    return sizes
