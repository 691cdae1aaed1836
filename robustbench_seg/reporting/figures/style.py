"""The look of all figures: the page's colours and fonts, line styles, labels."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, product
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from robustbench_seg.text import one_line

HEAT = "crest"
"""Perceptually uniform, and readable in all common kinds of colour blindness."""

INK, SOFT, LINE, PAPER = "#1b1f24", "#59636e", "#dcdfe2", "#fdfdfc"
"""The page's own colours: text, softer text, lines, background."""

DPI = 160
"""Pixels per inch of the PNG files, and of the images inside the SVG files."""

_STYLE: Mapping[Any, Any] = {
    "svg.hashsalt": "robustseg",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may contain dollar signs
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
    "savefig.dpi": DPI,
}

MAX_LABEL = 60
"""Maximum number of characters of a label; a longer one would leave no space for the plot."""

Dash = Literal["-", "--", ":", "-."]
DASHES: tuple[Dash, ...] = ("-", "--", ":", "-.")
"""The dashes of lines, in the order in which figures use them."""


def line_styles(models: Sequence[str]) -> Mapping[str, tuple[str, Dash]]:
    """Return the colour and dash of each model: eight colour-blind-safe colours, then a new dash.

    The 33rd model looks like the first again.
    """
    colours = [sns.color_palette("colorblind").as_hex()[i] for i in (0, 3, 2, 1, 4, 9, 5, 7)]
    pairs = ((colour, dash) for dash, colour in product(DASHES, colours))
    return dict(zip(models, cycle(pairs), strict=False))


def plain(text: str) -> str:
    """Return a name as a short label of one line, in a form that matplotlib does not hide."""
    label = one_line(text, MAX_LABEL)
    return f"\u200a{label}" if label.startswith("_") else label


def text_colour(background: Sequence[float]) -> str:
    """Return black or white, whichever has the higher contrast on a colour (RGB in 0..1)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in background]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # WCAG 2 contrast is (L1 + .05) / (L2 + .05); the two texts are equal at L = sqrt(1.05*.05)-.05.
    return "#000" if luminance > 0.1791 else "#fff"


def set_log_scale(axis: Axes) -> None:
    """Make the x axis logarithmic, with ticks at 1, 2 and 5 times the powers of ten."""
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())


def line_mark(colour: str, dash: Dash) -> Line2D:
    """Return the legend mark of a line with points."""
    return Line2D([], [], color=colour, linestyle=dash, marker="o", markersize=3)


def point_mark(
    colour: str, marker: str = "o", dash: Dash | Literal[""] = "", *, size: float = 4.5
) -> Line2D:
    """Return the legend mark of points, joined by a line if there is a `dash`."""
    return Line2D([], [], color=colour, linestyle=dash, marker=marker, markersize=size)


def add_legend(
    figure: Figure, signs: Mapping[str, Line2D], *, columns: int = 4, title: str | None = None
) -> None:
    """Add a legend above the plots of a figure, to the left.

    Args:
        figure: The figure.
        signs: Maps a name, which is shown as a label, to its mark.
        columns: Maximum number of columns.
        title: Its title.
    """
    legend = figure.legend(
        list(signs.values()),
        [plain(name) for name in signs],
        title=title,
        loc="outside upper left",
        ncols=min(columns, len(signs)),
    )
    legend.set_alignment("left" if title else "center")


@contextmanager
def style() -> Iterator[None]:
    """Draw and write figures in the page's fonts, lines and colours while the context is open."""
    with mpl.rc_context(), np.errstate(invalid="ignore"):
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # the SVG keeps the text
            yield
