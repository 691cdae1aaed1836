"""The documentation as a site: `make docs` writes build/docs/index.html.

The pages are the Markdown files of this folder; those in reference/ are filled from the code.
"""

import inspect

import robustbench_seg

project = "robustseg"
version = release = robustbench_seg.__version__
project_copyright = "the robustseg authors, Apache-2.0"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
html_theme = "furo"
html_title = project
html_copy_source = False
html_static_path = ["site.css"]
html_css_files = ["site.css"]
highlight_language = "text"
smartquotes = False
exclude_patterns = ["example"]
html_extra_path = ["example"]

myst_heading_anchors = 3
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_use_type_comments = False
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"  # `name` in a docstring


def docstring(app, what, name, obj, options, lines):  # type: ignore[no-untyped-def]
    """Of a module: the layout of a file. Napoleon formats those of functions and classes."""
    if what == "module":
        as_written(lines, list(lines))


def help_text(app, context, lines):  # type: ignore[no-untyped-def]
    """Of a command."""
    text = inspect.cleandoc(context.command.help or "").replace("\b\n", "")
    as_written(lines, text.splitlines())


def as_written(lines: list[str], text: list[str]) -> None:
    """Fill `lines` so that `text` is shown as it stands in the code: its columns carry meaning."""
    lines[:] = ["::", "", *(f"    {line}" for line in text), ""] if any(text) else []


def setup(app):  # type: ignore[no-untyped-def]
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", docstring)
    app.connect("sphinx-click-process-description", help_text)
