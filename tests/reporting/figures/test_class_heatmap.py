"""The heat map of the IoU of each class."""

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.figures.class_heatmap import class_heatmap


def contrast(colour, background) -> float:
    """The contrast of WCAG 2.2, written down from its text."""

    def luminance(rgb):
        channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return np.dot([0.2126, 0.7152, 0.0722], channels)

    low, high = sorted([luminance(colour), luminance(background)])
    return (high + 0.05) / (low + 0.05)


def test_every_number_is_readable_on_its_cell():
    protocol = load_protocol()
    columns = ["clean", *protocol.names]
    values = np.linspace(0, 100, 6 * len(columns)).reshape(6, -1)
    values[2, 3] = np.nan  # a class that does not occur
    classes = pd.DataFrame(values, index=[f"class {i}" for i in range(6)], columns=columns)
    (axis, _) = class_heatmap("m", classes, protocol).axes
    cells = axis.collections[0]
    cells.update_scalarmappable()
    backgrounds = cells.get_facecolors().reshape(6, len(columns), 4)
    assert len(axis.texts) == values.size - 1
    for number in axis.texts:
        x, y = (int(place) for place in number.get_position())
        assert number.get_text() == f"{values[y, x]:.0f}"
        assert contrast(to_rgb(number.get_color()), backgrounds[y, x, :3]) > 4.5
