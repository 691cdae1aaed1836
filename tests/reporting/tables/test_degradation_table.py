"""tables/degradation.*: CD and rCD of a report with a reference, against compare's."""

import numpy as np
import pandas as pd
import pytest
from fake_runs import steady, weaker

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.page.panel_ranking import panel_ranking
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.reporting.tables.report_tables import write_tables
from robustbench_seg.results import Reference, compare_models, read_model


def jumpy(corruption: str, severity: int, image: int) -> int:
    return steady(corruption, severity, image) + (severity > 0) * (3 if image % 2 else -4)


@pytest.fixture
def runs(run):
    return run("alpha", jumpy, images=12), run("beta", weaker, images=12)


def test_they_hold_what_compare_says(runs, tmp_path):
    panels = read_panels(runs, reference="beta")
    write_tables(panels, tmp_path)
    table = pd.read_csv(tmp_path / "degradation.csv").set_index("model")
    protocol = load_protocol()
    a, b = (read_model([folder], protocol) for folder in runs)
    compared = compare_models(a, b, protocol, Reference.of_model(b)).set_index(["kind", "score"])
    for kind in ("CD", "rCD"):
        wanted = compared.loc["summary"].loc[kind, ["A", "A_low", "A_high"]].to_numpy(float)
        found = table.loc["alpha", [kind, f"{kind}_low", f"{kind}_high"]].to_numpy(float)
        assert found == pytest.approx(wanted, abs=1e-4)
        assert found[1] < found[0] < found[2]
    assert table.loc["alpha", "CD_fog"] == pytest.approx(
        compared.loc["CD"].loc["fog", "A"], abs=1e-4
    )
    assert set(table["reference"]) == {"beta"}
    assert table.loc["beta", ["CD", "CD_low", "CD_high", "rCD"]].tolist() == [100.0] * 4
    low, high = table.loc["alpha", ["CD_low", "CD_high"]]
    shown = f"{table.loc['alpha', 'CD']:.1f}"
    assert f"| {shown} ({low:.1f} to {high:.1f}) |" in (tmp_path / "degradation.md").read_text()
    tex = (tmp_path / "degradation.tex").read_text()
    assert rf"\shortstack[r]{{{shown}\\{{\scriptsize {low:.1f}--{high:.1f}}}}}" in tex
    assert r"\label{tab:degradation-0}" in tex
    assert "mean CD and mean rCD against beta, in percent" in tex


def test_the_page_shows_the_interval_on_hover(runs):
    (panel,) = read_panels(runs, reference="beta")
    table = panel_ranking(panel)
    place = [column.name for column in table.columns].index("CD, %")
    row = panel.degradation.iloc[0]
    cell = table.rows[0].cells[place]
    assert cell.text == f"{row['CD']:.1f}"
    assert f"{row['CD_low']:.1f}" in cell.title
    assert f"{row['CD_high']:.1f}" in cell.title


def test_without_a_reference_there_are_none(runs, tmp_path):
    write_tables(read_panels(runs), tmp_path)
    assert not list(tmp_path.glob("degradation*"))


def test_a_published_reference_and_published_rows_have_no_draws(run, three_published, tmp_path):
    panels = read_panels([run("alpha", jumpy, dataset="cityscapes")], reference="ICNet")
    write_tables(panels, tmp_path)
    table = pd.read_csv(tmp_path / "degradation.csv").set_index("model")
    assert table.loc["ICNet", "CD"] == pytest.approx(100)
    assert np.isnan(table.loc["ICNet", "CD_low"])
    assert table.loc["alpha", "CD_low"] < table.loc["alpha", "CD"] < table.loc["alpha", "CD_high"]
    assert "ICNet *" in (tmp_path / "degradation.tex").read_text()


def test_several_trainings_of_the_reference_widen_the_interval(run):
    alpha = run("alpha", jumpy, images=12)

    def trained(shift):
        return lambda corruption, severity, image: weaker(corruption, severity, image) - shift

    beta = [run("beta", trained(4 * seed), images=12, trained=seed) for seed in range(3)]
    (panel,) = read_panels([alpha, *beta], reference="beta")
    (single,) = read_panels([alpha, beta[1]], reference="beta")
    widths = [
        float(p.degradation["CD_high"].iloc[0] - p.degradation["CD_low"].iloc[0])
        for p in (panel, single)
    ]
    assert widths[0] > 2 * widths[1] > 0


def test_perturbations_outside_of_the_mean_have_no_column(run, tmp_path):
    protocol = load_protocol("attacks")
    left_out = set(protocol.names) - set(protocol.averaged_names)
    assert left_out
    folders = [run(name, score, protocol="attacks") for name, score in
               (("alpha", steady), ("beta", weaker))]  # fmt: skip
    write_tables(read_panels(folders, reference="beta"), tmp_path)
    table = pd.read_csv(tmp_path / "degradation.csv")
    assert not {f"CD_{name}" for name in left_out} & set(table.columns)
    tex = (tmp_path / "degradation.tex").read_text()
    assert all(name.replace("_", " ") in tex for name in protocol.averaged_names)
