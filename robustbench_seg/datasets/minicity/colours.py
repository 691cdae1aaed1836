"""The colours of objects in minicity.

Classes share their colours (cars, coats and walls come in the same greys, greens and browns); they
differ in shape and place.
"""

import numpy as np

from robustbench_seg.datasets.minicity.canvas import Colour

Rng = np.random.Generator
RGB = tuple[float, float, float]

GLASS = (62.0, 74.0, 88.0)
TYRE = (28.0, 28.0, 30.0)


def paint_colour(rng: Rng) -> RGB:
    """Draw a colour of lacquer, cloth or plaster.

    Most colours are greys, some are muted hues, and a few are strong ones.

    Args:
        rng: Generator of the random numbers.

    Returns:
        RGB colour, 8..245.
    """
    value, kind = rng.uniform(35, 225), rng.random()
    if kind < 0.4:
        return _limited([value + tint for tint in rng.uniform(-10, 10, 3).tolist()])
    strength = rng.uniform(0.15, 0.5) if kind < 0.85 else rng.uniform(0.5, 0.8)
    shares = rng.random(3).tolist()
    return _limited([value * (1 - strength + strength * 2 * share) for share in shares])


def shaded(colour: Colour, factor: float) -> RGB:
    """Make a colour darker or lighter.

    Args:
        colour: RGB colour.
        factor: Factor of its values.

    Returns:
        RGB colour, 8..245.
    """
    return _limited([float(c) * factor for c in colour])


def _limited(colour: Colour) -> RGB:
    r, g, b = (max(8.0, min(c, 245.0)) for c in colour)
    return r, g, b
