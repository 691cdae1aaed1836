"""Probes: the bytes of each condition on one small image, to detect changes by other libraries.

The parameters, the law and the stream decide the pixels of a condition. Versions of libraries are
only recorded; if they differ, the probe shows whether the pixels do.
"""

import importlib.metadata
from collections import ChainMap
from collections.abc import Iterable, Mapping
from functools import partial

import cv2
import numpy as np

from robustbench_seg import __version__
from robustbench_seg.corruption.compiling import compiled_in_parallel
from robustbench_seg.corruption.entry_point import check_stream, corrupt
from robustbench_seg.corruption.image_arrays import Image, digest_pixels
from robustbench_seg.errors import CorruptionError
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.choices import Stream
from robustbench_seg.records.values.condition import CLEAN, Condition

_HEIGHT, _WIDTH = 96, 144
_IMAGE_ID = "probe.png"

_COMPILED_TOGETHER = (
    ("gaussian_blur", "glass_blur", "spatter"),
    ("motion_blur", "snow"),
    ("defocus_blur",),
    ("fog", "elastic_transform"),
    ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise"),
    ("brightness", "saturate"),
)
"""Groups of corruptions, those that compile longest first. All others form the last group.

Corruptions of different groups share no loop that is compiled for different types; see
compiled_in_parallel.
"""


def probe_image() -> Image:
    """Draw the built-in image: uint8 96 x 144 x 3 RGB, the same on every machine.

    It is computed in integers: a bright ramp, coloured tiles with sharp edges, a dark grain and a
    gray band, so that every corruption at every severity changes it.
    """
    y, x = np.mgrid[:_HEIGHT, :_WIDTH].astype(np.uint32)
    tiles = (x // 12 * 5 + y // 12 * 3) % 11
    grain = ((x * 73 + y * 179) ^ (x * y * 31)) % 41
    channels = [(tiles * factor * 7 + x + y + grain) % 256 for factor in (1, 2, 5)]
    image = np.stack(channels, axis=2).astype(np.uint8)
    image[:16] = (x[:16] * 255 // (_WIDTH - 1)).astype(np.uint8)[..., None]
    image[16:32] //= 4
    return image


def probe(
    conditions: Iterable[Condition], protocol: Protocol, stream: Stream, seed: int
) -> Mapping[str, str]:
    """Corrupt the built-in image under each condition.

    Args:
        conditions: Conditions of the protocol; clean is left out.
        protocol: The protocol with the parameters.
        stream: "fast" or "reference".
        seed: 0 to 2^32 - 1.

    Returns:
        Maps the folder of each condition, such as "fog/3", to the sha256 (64 hex digits) of the
        shape and the bytes of the corrupted image. Conditions that are impossible for such a small
        image are left out.

    Raises:
        CorruptionError: There is no such corruption.
        OptionError: There is no such stream, or the seed is out of range.
        CardError: The protocol's parameters are not those of the corruption.
    """
    check_stream(stream, seed)
    folders = list[str]()
    groups = dict[int, list[Condition]]()
    for condition in conditions:
        if condition != CLEAN:
            protocol.perturbation(condition.name)
            folders.append(condition.folder)
            groups.setdefault(_group(condition.name), []).append(condition)
    calls = [partial(_digests, groups[i], protocol, stream, seed) for i in sorted(groups)]
    digests = dict(ChainMap(*compiled_in_parallel(calls)))
    return {folder: digests[folder] for folder in folders if folder in digests}


def _group(corruption: str) -> int:
    """The place of a corruption in _COMPILED_TOGETHER; one that it lacks is in the last group."""
    return next(
        (i for i, group in enumerate(_COMPILED_TOGETHER) if corruption in group),
        len(_COMPILED_TOGETHER),
    )


def _digests(
    conditions: Iterable[Condition], protocol: Protocol, stream: Stream, seed: int
) -> dict[str, str]:
    image = probe_image()
    digests = {}
    for condition in conditions:
        try:
            corrupted = corrupt(
                image,
                condition.name,
                condition.severity,
                seed=seed,
                image_id=_IMAGE_ID,
                stream=stream,
                protocol=protocol,
            )
        except CorruptionError:
            continue
        digests[condition.folder] = digest_pixels(corrupted)
    return digests


def libraries() -> Mapping[str, str]:
    """The versions of the package and of the libraries that corruptions use.

    They are recorded next to results and are not part of their identity.
    """
    versions = {"robustseg": __version__, "opencv": cv2.__version__}
    for library in ("numpy", "numba", "scipy", "pillow", "imagecorruptions-imaug"):
        versions[library] = importlib.metadata.version(library)
    return versions


def library_differences(recorded: Mapping[str, str], current: Mapping[str, str]) -> str:
    """List the libraries whose versions differ.

    >>> library_differences({"numpy": "2.0.1", "scipy": "1.13"}, {"numpy": "2.1", "scipy": "1.13"})
    'numpy 2.0.1 then, 2.1 now'
    """
    return "; ".join(
        f"{name} {recorded.get(name, 'absent')} then, {current.get(name, 'absent')} now"
        for name in {**recorded, **current}
        if recorded.get(name) != current.get(name)
    )
