"""The provenance of a row."""

from robustbench_seg.cards import to_table
from robustbench_seg.files import write_json
from robustbench_seg.reporting import read_panels
from robustbench_seg.reporting.page.provenance import run_views
from robustbench_seg.results import Probe


def test_the_hardware_of_every_start_is_listed_once(run):
    folder = run("alpha")
    (panel,) = read_panels([folder])
    (view,) = run_views(panel, panel.row("alpha"))
    assert "hardware" not in dict(view.facts)  # neither run.json nor a probe names any
    for place, hardware in enumerate(("a GPU", "a CPU", "a GPU")):
        probe = Probe({"torch": f"2.{place}"}, hardware, {})
        write_json(folder / "probes" / f"{place}.json", to_table(probe))
    (view,) = run_views(panel, panel.row("alpha"))
    assert dict(view.facts)["hardware"] == "a GPU; a CPU"
