"""How much disk a plan will need, estimated before it starts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from robustbench_seg.corruption.pixels import Image
from robustbench_seg.errors import CorruptionError, DatasetError
from robustbench_seg.records.protocol import Condition
from robustbench_seg.trees.plan import CleanImage, TreePlan
from robustbench_seg.trees.png import encode_png

_SAMPLES = 3
_NARROWEST = 64


def space_needed(plan: TreePlan) -> int:
    """Bytes that the missing files will take, estimated from a few images.

    A strip of each, from another place across its width, is corrupted and encoded under every
    condition, because PNG sizes span a factor of ten between contrast and noise. A strip is as high
    as its image: sky compresses well, trees do not. 0 if nothing is missing, or if no image can be
    read.
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
        # A broken one is generate_cityscapes_c's to name, or to leave out as asked.
        with suppress(DatasetError):
            yield image, image.read()


def _sizes(
    plan: TreePlan,
    image: CleanImage,
    pixels: Image,
    place: float,
    conditions: list[Condition],
) -> Mapping[Condition, float]:
    """Bytes of an image as PNG under each condition, judged by a strip at `place` (0..1) across."""
    width = pixels.shape[1]
    wide = min(width, max(_NARROWEST, width // 8))
    left = round((width - wide) * place)
    strip = pixels[:, left : left + wide]
    sizes = dict.fromkeys(conditions, 0.0)
    for condition in conditions:
        with suppress(CorruptionError):  # too small for this corruption: write_tree names it
            variant = plan.corrupted(image, strip, condition)
            sizes[condition] = len(encode_png(variant)) * width / wide
    return sizes
