"""The SVG element of a chart of a leaderboard.

The boards write charts directly as SVG instead of using figures/: a page has a chart for each
corruption, and a site may have pages of hundreds of models. Matplotlib would take about a second
for each chart. These charts take their colours from the page.
"""

from markupsafe import Markup, escape

from robustbench_seg.text import one_line


def svg_element(width: float, height: float, label: str, content: str, kind: str) -> Markup:
    """Return an SVG element.

    Args:
        width: In its own units.
        height: In its own units.
        label: Alternative text for screen readers; plain text.
        content: The content; SVG whose text is escaped.
        kind: Its CSS class.
    """
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(one_line(label))}">{content}</svg>'
    )
