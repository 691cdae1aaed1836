"""A figure of a page, drawn into the page itself."""

from dataclasses import dataclass

from markupsafe import Markup


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
