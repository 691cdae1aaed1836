"""A figure of a page, drawn into the page itself as SVG."""

from dataclasses import dataclass

from markupsafe import Markup, escape

from robustbench_seg.text import one_line


@dataclass(frozen=True)
class PageFigure:
    """A figure of a page.

    Attributes:
        title: Its name.
        svg: The SVG element.
        caption: The text below it; empty where the title is enough.
    """

    title: str
    svg: Markup
    caption: str = ""


def svg_element(width: float, height: float, label: str, content: str, css_class: str) -> Markup:
    """Return an SVG element.

    Args:
        width: In its own units.
        height: In its own units.
        label: Alternative text for screen readers; plain text.
        content: The content; SVG whose text is escaped.
        css_class: Its CSS class.
    """
    return Markup(
        f'<svg class="{css_class}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(one_line(label))}">{content}</svg>'
    )
