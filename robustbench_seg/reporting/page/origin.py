"""The top of the page: its datasets, dates and versions of its runs, and how to cite them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from robustbench_seg import __version__
from robustbench_seg.datasets import DATASETS
from robustbench_seg.files import digest_bytes
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.reporting.html.fact import Fact, known_facts
from robustbench_seg.reporting.literature.citations import KAMANN_ROTHER, citation
from robustbench_seg.reporting.literature.published_tables import table_description
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.reporting.tables.formats import latex_text

_DATE = re.compile(r"\d{4}-\d\d-\d\d(?=T|$)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Origin:
    """The origin of a report.

    Attributes:
        facts: What the datasets show, the date of the runs, the versions of the program and the
            protocols, by name.
        citations: The purpose of each BibTeX entry, and the entry.
    """

    facts: Sequence[Fact]
    citations: Sequence[tuple[str, str]]


def origin(panels: Sequence[Panel], title: str) -> Origin:
    """Return the origin of the report of some panels; `title`: the title of the report."""
    records = [r for panel in panels for model in panel.models for r in model.records]
    used = ", ".join(sorted({r.libraries.get("robustseg", "") for r in records} - {""}))
    protocols = dict.fromkeys(
        f"{panel.protocol.name}, version {panel.protocol.version}" for panel in panels
    )
    known = {
        panel.dataset: DATASETS[panel.dataset].facts
        for panel in panels
        if panel.dataset in DATASETS
    }
    facts = [
        *((name, facts.about) for name, facts in known.items()),
        ("runs", " to ".join(_period(records))),
        ("evaluated with", used and f"robustseg {used}"),
        ("page written by", f"robustseg {__version__}"),
        ("protocol", "; ".join(protocols)),
    ]
    citations = [("this report", _entry(records, title, protocols))]
    citations += [(f"the dataset {name}", facts.citation.strip()) for name, facts in known.items()]
    for table in (name for panel in panels for name in panel.published.tables):
        published = table_description(table)
        citations.append((f"published rows: {published.title}", published.bibtex))
        citations += published.further_citations
    degradation = citation(KAMANN_ROTHER)
    if any(panel.reference for panel in panels) and degradation not in dict(citations).values():
        citations.append(("CD and rCD", degradation))
    return Origin(
        known_facts(facts),
        [(what, entry) for what, entry in dict.fromkeys(citations) if entry],
    )


def _period(records: Sequence[RunRecord]) -> list[str]:
    """The first and the last date on which a run began, or the only one."""
    found = {match[0] for record in records if (match := _DATE.match(record.created))}
    return sorted({min(found), max(found)}) if found else []


def _entry(records: Sequence[RunRecord], title: str, protocols: Iterable[str]) -> str:
    """The BibTeX entry of a report. It has no author, because runs do not name one."""
    digests = sorted({record.key.digest for record in records})
    key = digest_bytes(" ".join(digests).encode())[:8]
    note = f"Protocol {'; '.join(protocols)}. Runs {', '.join(each[:8] for each in digests)}"
    fields = {
        "title": f"{{{latex_text(title)}}}",
        "howpublished": f"{{Report of robustseg {__version__}}}",
        "note": f"{{{latex_text(note)}}}",
    }
    if period := _period(records):
        year, month, _ = period[-1].split("-")
        fields["year"] = f"{{{year}}}"
        if 1 <= int(month) <= 12:
            fields["month"] = _MONTHS[int(month) - 1]
    lines = [f"  {name} = {value}" for name, value in fields.items()]
    return f"@misc{{robustseg-{key},\n" + ",\n".join(lines) + "\n}"
