"""The look of all figures: the page's colours and fonts, line styles, labels."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, product
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import seaborn as sns

from robustbench_seg.text import one_line

HEAT = "crest"
"""Perceptually uniform, and readable in all common kinds of colour blindness."""

INK, SOFT, LINE, PAPER = "#1b1f24", "#59636e", "#dcdfe2", "#fdfdfc"
"""The page's own colours: text, softer text, lines, background."""

_STYLE: Mapping[Any, Any] = {
    "svg.hashsalt": "robustseg",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may hold dollar signs
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.dpi": 100,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.dpi": 160,
}

MAX_LABEL = 60
"""Characters of a label; a longer one would leave no room for the plot."""

Dash = Literal["-", "--", ":", "-."]
_DASHES: tuple[Dash, ...] = ("-", "--", ":", "-.")


def line_styles(models: Sequence[str]) -> Mapping[str, tuple[str, Dash]]:
    """Return the colour and dash of each model: eight colour-blind-safe colours, then a new dash.

    The 33rd model looks like the first again.
    """
    colours = [sns.color_palette("colorblind").as_hex()[i] for i in (0, 3, 2, 1, 4, 9, 5, 7)]
    pairs = ((colour, dash) for dash, colour in product(_DASHES, colours))
    return dict(zip(models, cycle(pairs), strict=False))


def plain(text: str) -> str:
    """Return a name as a label: one line, not too long; one that matplotlib would hide is shown."""
    label = one_line(text, MAX_LABEL)
    return f"\u200a{label}" if label.startswith("_") else label


@contextmanager
def style() -> Iterator[None]:
    """Draw and write figures in the page's fonts, lines and colours while the context is open."""
    with mpl.rc_context(), np.errstate(invalid="ignore"):
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # the SVG keeps the text
            yield
