"""Class maps in reports: which rows rank together, and what the page states."""

import csv

import fake_runs
import numpy as np
import pytest
from fake_runs import CLASSES, write_run

import robustbench_seg as rs
from robustbench_seg.errors import ResultsError
from robustbench_seg.records.runs.class_map_record import ClassMapFacts, ClassMapRecord
from robustbench_seg.reporting.html.run_facts import run_facts
from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.page.class_table import class_table
from robustbench_seg.reporting.page.score_sections import confidence_section
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.reporting.tables.report_tables import write_tables

OWN = ("street", "auto", "tram", "cloud")
FACTS = ClassMapFacts("own-map", "a test", {"cloud": "It is white.", "ignore": "Not wanted."})
MAP = (ClassMapRecord(OWN, ("road", "car", "car", "sky")), FACTS)
LEFT_OUT = (
    ClassMapRecord(OWN, ("road", "car", "ignore", "ignore"), left_out=("sky",)),
    ClassMapFacts("short-map", "", {**FACTS.reasons, "sky": "No class is like it."}),
)


@pytest.fixture
def write(tmp_path):
    def write(name, class_map=None, **options):
        def score(corruption, severity, index):
            return 80 - 5 * severity

        return write_run(tmp_path / "runs", name, score, class_map=class_map, **options)

    return write


@pytest.fixture
def short(write, monkeypatch):
    """A run that leaves out a class: its matrices have a column for no class."""
    square = fake_runs.matrix_of
    with monkeypatch.context() as patch:
        patch.setattr(fake_runs, "matrix_of", lambda *of: np.pad(square(*of), ((0, 0), (0, 1))))
        return write("short", LEFT_OUT)


def test_rows_with_another_map_rank_together_with_a_warning(write):
    (panel,) = read_panels([write("native"), write("mapped", MAP)])
    assert [row.name for row in panel.models] == ["mapped", "native"]
    assert panel.extent.endswith(", class map own-map")
    digest = MAP[0].digest[:8]
    (note,) = [text for text in panel.warnings if "class map" in text]
    assert note.startswith(f"The rows differ in class map {digest} and none: read their provenance")


def test_rows_of_other_classes_stand_in_a_panel_of_their_own(write, short):
    panels = read_panels([write("native"), short])
    assert [panel.qualifier for panel in panels] == ["all classes", "all classes but sky"]
    warnings = " ".join(panels[1].warnings)
    assert "These rows are on all classes but sky. Rows on other images or classes" in warnings
    assert "The class map leaves out sky, so these scores are over the other 2 classes." in warnings
    with pytest.raises(ResultsError, match="differ in classes left out by a class map"):
        rs.compare("native", "short", runs=short.parent)


def test_the_provenance_says_what_the_map_does(short):
    (panel,) = read_panels([short])
    facts = dict(run_facts(short, panel.models[0].record))
    assert facts["class map"] == f"short-map ({LEFT_OUT[0].digest[:16]})"
    assert facts["classes of the dataset = of the model"] == "road = street; car = auto"
    assert facts["classes left out"] == "sky (No class is like it)"
    assert facts["predicted classes that are always wrong"] == (
        "cloud (It is white), tram (Not wanted)"
    )


def test_an_empty_cell_has_its_reason(short):
    (panel,) = read_panels([short])
    table = class_table(panel)
    assert "short: its class map leaves out sky (No class is like it)." in table.note
    assert [cell.text for cell in table.rows[CLASSES.index("sky")].cells[1:]] == ["", "", ""]


def test_confidence_names_its_class_and_the_missing_losses(write):
    (panel,) = read_panels([write("mapped", MAP, confidence=0.8)])
    section = confidence_section(panel)
    (sentence,) = section.without_scores
    assert "mapped: the confidence is that of the predicted class, before" in sentence
    assert "no NLL and no Brier score: a class map is used" in sentence


def test_tables_end_with_the_map_where_there_is_one(write, tmp_path):
    native, mapped = write("native"), write("mapped", MAP)
    for runs, has in (([native], False), ([native, mapped], True)):
        write_tables(read_panels(runs), tmp_path / f"tables-{has}")
        for name in ("miou", "per_severity", "per_class"):
            with open(tmp_path / f"tables-{has}" / f"{name}.csv") as file:
                rows = list(csv.DictReader(file))
            assert (list(rows[0])[-1] == "class_map") is has
            if has:
                found = {row["model"]: row["class_map"] for row in rows}
                assert found == {"mapped": "own-map", "native": ""}
    assert "class map own-map" in (tmp_path / "tables-True/miou.tex").read_text()
    assert ("class_map" in rs.scores(native), "class_map" in rs.scores(mapped)) == (False, True)


def test_no_published_row_ranks_beside_a_run_that_leaves_out_classes(write, short, monkeypatch):
    rows = literature()
    rows = rows[rows["source"] == "cityscapes_c"]
    rows = rows.assign(dataset="minicity", images=3, model="paper")
    monkeypatch.setattr(
        "robustbench_seg.reporting.literature.published_results.literature", lambda: rows
    )
    with_it, without = read_panels([write("native"), short])
    assert "paper" in set(with_it.miou["model"])
    assert "paper" not in set(without.miou["model"])
