"""Tables of the page and the tidy file, against the panel's own numbers."""

import pandas as pd
import pytest
from fake_runs import steady, weaker

from robustbench_seg.reporting.literature.published_tables import published_table
from robustbench_seg.reporting.page.claims_table import claims_table
from robustbench_seg.reporting.page.class_table import class_losses_text
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.page.panel_ranking import panel_ranking
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.reporting.tables.report_tables import write_tables
from robustbench_seg.results import SCORE_COLUMNS


def texts(table, column: str) -> dict[str, str]:
    """A column of a table, by its rows' headers."""
    place = [c.name for c in table.columns].index(column)
    return {row.cells[0].text: row.cells[place].text for row in table.rows}


def test_the_ranking_shows_cost_and_speed_where_they_are_known(run):
    alpha = {"about": {"macs": 8_400_000_000}, "trained": 0, "augment": "augmix"}
    (panel,) = read_panels(
        [run("alpha", predict=0.25, images=12, **alpha), run("beta", weaker, images=12)]
    )
    table = panel_ranking(panel)
    assert texts(table, "params, M") == {"alpha": "3.7", "beta": "3.7"}
    assert texts(table, "GMAC") == {"alpha": "8.4", "beta": ""}
    assert texts(table, "images/s") == {"alpha": "4", "beta": ""}
    assert [row.cells[0].rank for row in table.rows] == ["1", "2"]
    assert [row.cells[0].tag for row in table.rows] == ["trained with augmix", None]
    assert "is shared" not in table.note


def test_columns_that_no_row_fills_are_not_there(run):
    def begun(corruption: str, severity: int, image: int) -> int | None:
        return 80 if image == 0 else None

    (panel,) = read_panels([run("foreign", begun, about={"params": None})])
    names = [column.name for column in panel_ranking(panel).columns]
    assert not {"params, M", "GMAC", "images/s"} & set(names)
    claims = claims_table(panel)
    assert claims.columns[-1].name == "rows that give the claimed value"
    assert {len(row.cells) for row in claims.rows} == {len(claims.columns)}


def test_a_shared_place_is_explained(run):
    def jumpy(corruption: str, severity: int, image: int) -> int:
        return steady(corruption, severity, image) + (5 if image % 2 else -5)

    (panel,) = read_panels([run("alpha", images=6), run("jumpy", jumpy, images=6)])
    table = panel_ranking(panel)
    assert [row.cells[0].rank for row in table.rows] == ["1=", "1="]
    assert "the difference from its first model is not significant" in table.note


def test_claims_stand_beside_the_same_model_on_the_same_images(run, three_published):
    runs = [run("segformer-b5", dataset="cityscapes"), run("beta", weaker, dataset="cityscapes")]
    (panel,) = read_panels(runs)
    here = texts(claims_table(panel), "measured here, %")
    # segformer-b5: noise 72, snow 68, mean 69, retention 69 / 80; beta: noise 67, snow 61.
    assert here == {
        "gain of SegFormer-B5 on gaussian noise, up to": f"{100 * (72 / 67 - 1):.1f}",
        "gain of SegFormer-B5 on snow, up to": f"{100 * (68 / 61 - 1):.1f}",
        "mean of SegFormer-B5": "69.0",
        "retention of SegFormer-B5": f"{100 * 69 / 80:.1f}",
    }
    (alone,) = read_panels(runs[:1])
    first, *_ = texts(claims_table(alone), "measured here, %").values()
    assert first == ""


@pytest.mark.parametrize("other", [{"dataset": "camvid"}, {"model": "segformer-b4"}, {"images": 2}])
def test_claims_have_no_measured_column_of_another_model_or_other_images(
    run, three_published, other
):
    options = {"model": "segformer-b5", "dataset": "cityscapes"} | other
    (panel,) = read_panels([run(options.pop("model"), **options)])
    assert "measured here, %" not in [column.name for column in claims_table(panel).columns]


def test_the_classes_that_fall_first(run):
    names = [f"c{i}" for i in range(6)]
    (panel,) = read_panels([run("alpha", classes=names)])
    assert class_losses_text(panel) == ""  # two classes are too few to name the first and the last
    rows = panel.per_class
    # Clean 80; at severity 1 the classes keep 10 %, 20 % ...; c5 was never learnt.
    for place, name in enumerate(names):
        mine = rows["class"] == name
        rows.loc[mine, "iou"] = 50.0
        rows.loc[mine & (rows["severity"] == 0), "iou"] = 80.0 if place < 5 else 9.0
        rows.loc[mine & (rows["severity"] == 1), "iou"] = 8.0 * (place + 1)
    assert class_losses_text(panel) == ""
    rows.loc[(rows["class"] == "c5") & (rows["severity"] == 0), "iou"] = 48.0
    said = class_losses_text(panel)
    assert "smallest share of their clean IoU: c0 (10 %), c1 (20 %), c2 (30 %). " in said
    assert "the largest: c5 (100 %), c4 (50 %), c3 (40 %). The shares have no intervals" in said


def test_rows_of_one_model_on_other_images_differ_in_their_runs(run, tmp_path):
    """As many images of another version of the dataset: only the runs distinguish the rows."""
    folders = [run("alpha", confidence=0.9), run("alpha", confidence=0.9, fingerprint="other")]
    write_tables(read_panels(folders, reference="alpha"), tmp_path)
    tables = {path.stem: pd.read_csv(path) for path in tmp_path.glob("*.csv")}
    tables["scores"] = pd.read_parquet(tmp_path / "scores.parquet")
    for name in ("miou", "per_severity", "per_class", "confidence", "degradation", "scores"):
        table = tables[name]
        measured = table[table["source"] == "measured"] if "source" in table else table
        assert set(measured["runs"]) == {folder.name for folder in folders}, name
        facts = measured.select_dtypes(exclude="float").columns.drop("runs")
        assert measured.duplicated([*facts]).any(), name
        assert not measured.duplicated([*facts, "runs"]).any(), name
        assert table.columns[-1] == "runs"


def test_a_row_of_several_trainings_names_each_run(run, tmp_path):
    folders = [run("alpha", trained=seed) for seed in (1, 2)]
    write_tables(read_panels(folders), tmp_path)
    (row,) = pd.read_csv(tmp_path / "miou.csv").to_dict("records")
    assert sorted(row["runs"].split("; ")) == sorted(folder.name for folder in folders)
    assert "runs" not in (tmp_path / "miou.md").read_text().splitlines()[0]


def test_the_tidy_table_holds_every_number_once(run, tmp_path):
    panels = read_panels([run("alpha"), run("beta", weaker)])
    write_tables(panels, tmp_path)
    tidy = pd.read_parquet(tmp_path / "scores.parquet")
    assert list(tidy.columns) == list(SCORE_COLUMNS)
    same = ["model", "source", "metric", "corruption", "category", "severities", "class"]
    assert not tidy.duplicated(same).any()
    beta = tidy[(tidy["model"] == "beta") & (tidy["source"] == "measured")]
    fog = beta.query("corruption == 'fog' and metric == 'miou'").set_index("severities")["value"]
    assert fog.to_dict() == pytest.approx({**{str(s): 79 - 8 * s for s in range(1, 6)}, "1-5": 55})
    noise = beta.query("metric == 'miou' and corruption == 'shot_noise' and severities == '1-3'")
    assert noise["value"].tolist() == [pytest.approx(67)]
    (mean,) = beta.query("metric == 'mean' and category.isna()").to_dict("records")
    assert mean["value"] == pytest.approx((4 * 67 + 11 * 61 + 55) / 16)
    assert mean["ci_low"] < mean["value"] < mean["ci_high"]
    (mpc,) = beta.query("metric == 'mPC'").to_dict("records")
    assert mpc["value"] == pytest.approx((15 * 61 + 55) / 16)
    assert beta.query("metric == 'iou' and corruption == 'fog' and severities == '1'").shape[0] == 3
    published = tidy[tidy["source"] == "published"]
    assert len(published) == 13 * (1 + 16 + 2)


def test_latex_tells_published_rows_from_measured_ones(run, tmp_path, three_published):
    run("segformer-b5", dataset="cityscapes")
    write_tables(read_panels([tmp_path / "runs"]), tmp_path)
    text = (tmp_path / "miou.tex").read_text()
    names = [line.split(" & ")[0] for line in text.splitlines() if line.endswith(r" \\")]
    published = list(published_table("cityscapes_c")["model"])
    assert sorted(name for name in names if name.endswith(" *")) == sorted(
        f"{name} *".replace("_", r"\_") for name in published
    )
    assert "segformer-b5" in names
    caption = next(line for line in text.splitlines() if "caption" in line)
    assert "3 images" in caption
    assert "* published: Xie et al., SegFormer" in caption


def test_latex_is_laid_out_as_the_paper_s_table(run, tmp_path):
    write_tables(read_panels([run("alpha")]), tmp_path)
    lines = (tmp_path / "miou.tex").read_text().splitlines()
    (above,) = (line for line in lines if "multicolumn{4}" in line)
    groups = [part.split("{c}{")[1].rstrip("} \\") for part in above.split(" & ")]
    assert groups == ["", "Blur", "Noise", "Digital", "Weather", ""]
    (first,) = (line for line in lines if line.startswith("alpha"))
    assert first.split(" & ")[:3] == ["alpha", "80.0", "68.0"]
    assert "averaged: severities 1--5 of 12 corruptions; 1--3 of gaussian noise" in "\n".join(lines)


def test_accuracy_against_cost_needs_a_cost(run, tmp_path, monkeypatch, blank):
    blank(monkeypatch, ["severity_curves", "class_heatmap"])
    write_page(read_panels([run("alpha")]), tmp_path / "none")
    assert not list((tmp_path / "none" / "figures").glob("*-cost.*"))
    runs = [run("one", predict=0.5), run("two", weaker, about={"macs": 10**9})]
    page = write_page(read_panels(runs), tmp_path / "some")
    assert "Accuracy against cost" in page.read_text()
    (svg,) = (tmp_path / "some" / "figures").glob("*-cost.svg")
    drawn = svg.read_text()
    assert "GMAC per image" in drawn
    assert "seconds per image" in drawn


def test_intervals_in_markdown_and_latex(run, tmp_path, monkeypatch, published_on):
    published_on(monkeypatch, 6)

    def uneven(corruption: str, severity: int, image: int) -> int:
        return steady(corruption, severity, image) - 10 * (image % 2)

    alpha = run("alpha", uneven, dataset="cityscapes", images=6)
    panels = read_panels([alpha])
    for name, intervals in (("plain", False), ("intervals", True)):
        write_tables(panels, tmp_path / name, intervals=intervals)
    for name in ("miou.csv", "per_severity.csv", "published.md", "published.tex"):
        both = [(tmp_path / kind / name).read_bytes() for kind in ("plain", "intervals")]
        assert both[0] == both[1], name
    summary = pd.read_parquet(tmp_path / "plain" / "scores.parquet").query(
        "model == 'alpha' and metric == 'mean' and category.isna()"
    )
    value, low, high = summary[["value", "ci_low", "ci_high"]].iloc[0]
    assert low < value < high
    markdown = (tmp_path / "intervals" / "miou.md").read_text().splitlines()
    (row,) = (line for line in markdown if line.startswith("| alpha "))
    assert f"| {value:.1f} ({low:.1f} to {high:.1f}) |" in row
    assert [cell.count("to") for cell in row.split(" | ")[-20:]] == [0, *[1] * 19]
    assert markdown[1].count("--:") == 20  # images, clean, 16 corruptions, mean, retention
    (published,) = (line for line in markdown if line.startswith("| ICNet "))
    assert " to " not in published
    latex = (tmp_path / "intervals" / "miou.tex").read_text()
    assert rf"\shortstack[r]{{{value:.1f}\\{{\scriptsize {low:.1f}--{high:.1f}}}}}" in latex
    assert r"Below: 95 \% intervals from a bootstrap over images" in latex
    assert r"\begin{tabular}{l" + "r" * 19 + "}" in latex
    assert "shortstack" not in (tmp_path / "plain" / "miou.tex").read_text()


def test_a_score_without_an_interval_stands_alone(run, tmp_path):
    write_tables(read_panels([run("alpha", images=1)]), tmp_path, intervals=True)
    (row,) = (x for x in (tmp_path / "miou.md").read_text().splitlines() if "alpha" in x)
    assert " to " not in row
    assert "| 80.0 |" in row
