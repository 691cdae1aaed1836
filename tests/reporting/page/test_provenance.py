"""The provenance of a row."""

from fake_runs import HOSTILE

from robustbench_seg.codec import to_table
from robustbench_seg.files import write_json
from robustbench_seg.reporting.page.provenance import RUNS_ACROSS, RunView, fact_tables, run_views
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.store import Probe


def test_the_hardware_of_every_start_is_listed_once(run):
    folder = run("alpha")
    (panel,) = read_panels([folder])
    (view,) = run_views(panel, panel.model("alpha"))
    assert "hardware" not in dict(view.facts)  # neither run.json nor a probe names hardware
    for place, hardware in enumerate(("a GPU", "a CPU", "a GPU")):
        probe = Probe({"torch": f"2.{place}"}, hardware, {})
        write_json(folder / "probes" / f"{place}.json", to_table(probe))
    (view,) = run_views(panel, panel.model("alpha"))
    assert dict(view.facts)["hardware"] == "a GPU; a CPU"


def test_what_runs_agree_in_is_one_cell(runs):
    (panel,) = read_panels([runs])
    views = [view for row in panel.models for view in run_views(panel, row)]
    (table,) = fact_tables(views, [view.facts for view in views])
    assert [run.model for run in table.runs] == ["alpha", "beta", HOSTILE]
    rows = {row.name: [(cell.text, cell.span) for cell in row.cells] for row in table.rows}
    assert rows["weights"] == [(64 * "0", 3)]
    assert rows["versions"] == [("numpy 2.0, torch 2.6", 3)]
    (nothing, span), (missing, one) = rows["missing"]
    assert (nothing, span, one) == ("", 2, 1)
    assert "fog: severities 3, 4, 5: not run" in missing
    (record,) = fact_tables(views, [view.record for view in views])
    cells = {row.name: [cell.text for cell in row.cells] for row in record.rows}
    assert cells["model"] == ["alpha", "beta", HOSTILE]
    assert cells["key / segmenter / architecture"] == ["toy"]


def test_many_runs_fit_on_paper():
    count = RUNS_ACROSS + 2
    facts = [[("seed", "0"), ("weights", str(number))] for number in range(count)]
    runs = [RunView(f"m{number}", "", facts[number], ()) for number in range(count)]
    first, second = fact_tables(runs, facts)
    assert [len(table.runs) for table in (first, second)] == [RUNS_ACROSS, 2]
    assert [row.name for row in first.rows] == ["seed", "weights"]
    assert [row.name for row in second.rows] == ["weights"]
    for table in (first, second):
        assert {sum(cell.span for cell in row.cells) for row in table.rows} == {len(table.runs)}
    assert [cell.text for cell in second.rows[0].cells] == [str(count - 2), str(count - 1)]
