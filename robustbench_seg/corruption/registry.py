"""The registry of corruptions."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption import blur, digital, noise, resampling, weather
from robustbench_seg.errors import CardError, unknown
from robustbench_seg.records.cards.protocol import Protocol


class Corruption(NamedTuple):
    """A corruption.

    Attributes:
        name: Its name in protocols.
        function: function(image, rng, **parameters) takes a uint8 H x W x 3 RGB image, a
            RandomStream and the parameters of one severity. It does not change the image and
            returns a new one of the same type and shape.
        law: Law version; incremented whenever the function gives different bytes for the same
            image, parameters and seed. Trees and runs of another law are never continued.
        is_random: Whether it draws random numbers, so that another seed gives another image.
    """

    name: str
    function: Callable[..., NDArray[np.uint8]]
    law: int
    is_random: bool = True


CORRUPTIONS: Mapping[str, Corruption] = {
    corruption.name: corruption
    for corruption in (
        Corruption("motion_blur", blur.motion_blur, law=1),
        Corruption("defocus_blur", blur.defocus_blur, law=1, is_random=False),
        Corruption("glass_blur", blur.glass_blur, law=1),
        Corruption("gaussian_blur", blur.gaussian_blur, law=1, is_random=False),
        Corruption("gaussian_noise", noise.gaussian_noise, law=1),
        Corruption("impulse_noise", noise.impulse_noise, law=1),
        Corruption("shot_noise", noise.shot_noise, law=1),
        Corruption("speckle_noise", noise.speckle_noise, law=1),
        Corruption("brightness", digital.brightness, law=1, is_random=False),
        Corruption("contrast", digital.contrast, law=1, is_random=False),
        Corruption("saturate", digital.saturate, law=1, is_random=False),
        Corruption("jpeg_compression", digital.jpeg_compression, law=1, is_random=False),
        Corruption("snow", weather.snow, law=1),
        Corruption("spatter", weather.spatter, law=1),
        Corruption("fog", weather.fog, law=1),
        Corruption("frost", weather.frost, law=1),
        Corruption("zoom_blur", resampling.zoom_blur, law=1, is_random=False),
        Corruption("elastic_transform", resampling.elastic_transform, law=1),
        Corruption("pixelate", resampling.pixelate, law=1, is_random=False),
    )
}
"""Maps the name of a corruption to the corruption."""


def laws(protocol: Protocol) -> Mapping[str, int]:
    """Return the law version of each corruption of a protocol, in its order, without attacks.

    Args:
        protocol: The protocol.

    Raises:
        CardError: The protocol has a corruption that is not registered.
    """
    names = [each.name for each in protocol.corruptions]
    for name in names:
        if name not in CORRUPTIONS:
            raise CardError(f"protocol {protocol.name}: {unknown('corruption', name, CORRUPTIONS)}")
    return {name: CORRUPTIONS[name].law for name in names}
