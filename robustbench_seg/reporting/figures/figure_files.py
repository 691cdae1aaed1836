"""Writes figures as files, and embeds them in a page.

The same numbers give the same bytes, because there is no date and no random identifier. Text
remains text, so that the page can search and recolour it.
"""

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from robustbench_seg.files import write_bytes, write_text
from robustbench_seg.reporting.figures.style import DPI, INK, LINE, PAPER, SOFT, style
from robustbench_seg.text import one_line

_VARIABLES = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    PAPER: "var(--paper)",
}
"""Maps colours of figures to variables of the page, which follow its light or dark scheme."""


def write_figure(figure: Figure, stem: Path) -> str:
    """Write `stem`.svg and `stem`.png, and return the SVG's text."""
    with style():
        if layout := figure.get_layout_engine():
            layout.execute(figure)
            figure.set_layout_engine("none")  # computes the layout once for both formats
        vector, raster = io.StringIO(), io.BytesIO()
        # Not by `savefig`, which draws each file twice, the first time only for its layout.
        figure.set_dpi(DPI)
        agg: Any = FigureCanvasAgg(figure)  # before the SVG canvas, which changes the dpi
        agg.print_png(raster, metadata={"Software": None})
        svg: Any = FigureCanvasSVG(figure)
        svg.print_svg(vector, metadata={"Date": None, "Creator": None})
    write_text(stem.with_name(f"{stem.name}.svg"), vector.getvalue())
    write_bytes(stem.with_name(f"{stem.name}.png"), raster.getvalue())
    return vector.getvalue()


def inline_svg(svg: str, label: str, prefix: str) -> Markup:
    """Return an SVG as part of a page, in the page's colours; its width in inches is --width.

    Args:
        svg: The text of the SVG.
        label: Alternative text for screen readers.
        prefix: The beginning of its identifiers, unique on the page.
    """
    root = ElementTree.fromstring(svg)
    for node in root.iter():
        # HTML needs no SVG namespaces, and without them the page contains no external address.
        node.tag = node.tag.rpartition("}")[2]
        attributes = {key.rpartition("}")[2]: value for key, value in node.attrib.items()}
        node.attrib.clear()
        for key, value in attributes.items():
            if key == "id":
                value = f"{prefix}-{value}"
            elif key == "href" and value.startswith("#"):
                value = f"#{prefix}-{value[1:]}"
            for colour, variable in _VARIABLES.items():
                value = value.replace(colour, variable)
            node.set(key, value.replace("url(#", f"url(#{prefix}-"))
    for described in root.findall("metadata"):
        root.remove(described)
    # The page shows wide and narrow figures at the same scale.
    root.set("style", f"--width:{float(root.get('width', '0pt').removesuffix('pt')) / 72:g}")
    root.set("role", "img")
    root.set("aria-label", one_line(label))
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # matplotlib escapes all text
