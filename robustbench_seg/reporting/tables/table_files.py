"""A table as three files: for programs, for GitHub and for papers."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.files import write_text


def write_table_files(stem: Path, csv: str, markdown: str, latex: Sequence[str]) -> None:
    """Write `stem`.csv, `stem`.md and `stem`.tex.

    Args:
        stem: The path of the files without suffix.
        csv: The table of all panels as CSV.
        markdown: The same as Markdown.
        latex: A LaTeX table for each panel.

    Raises:
        FileError: A file cannot be written.
    """
    write_text(stem.with_name(f"{stem.name}.csv"), csv)
    write_text(stem.with_name(f"{stem.name}.md"), markdown)
    write_text(stem.with_name(f"{stem.name}.tex"), "\n".join(latex))
