"""Published scores under attacks: that the copies are right, and that no report ranks them."""

import math

import pytest
from click.testing import CliRunner

import robustbench_seg as rs
from robustbench_seg.cli.main import main
from robustbench_seg.records.cards.protocol import list_protocols, load_protocol
from robustbench_seg.reporting.literature.published_results import published_results
from robustbench_seg.reporting.literature.published_tables import published_table, table_description


def cell(source, **wanted):
    rows = published_table(source)
    for name, value in wanted.items():
        rows = rows[rows[name] == value]
    (row,) = rows.to_dict("records")
    return row


@pytest.mark.parametrize(
    ("model", "dataset", "attack", "radius", "accuracy", "miou"),
    [
        ("upernet-convnext-t", "voc", "CosPGD", 0.25, 76.6, 48.0),
        ("upernet-convnext-t", "voc", "MCE-Bal", 0.5, 37.9, 10.1),
        ("upernet-convnext-t", "voc", "SEA", 1, 4.9, 0.6),
        ("upernet-convnext-t-pir-at", "voc", "SegPGD", 8, 74.2, 41.4),
        ("upernet-convnext-t-pir-at", "voc", "SEA", 12, 28.1, 5.5),
        ("upernet-convnext-t-pir-at", "ade20k", "SEA", 8, 26.4, 4.9),
        ("segmenter-vit-s-pir-at", "ade20k", "SEA", 4, 55.3, 14.9),
    ],
)
def test_cells_of_sea(model, dataset, attack, radius, accuracy, miou):
    row = cell("sea", model=model, dataset=dataset, attack=attack, radius=radius)
    assert (row["attacked_accuracy"], row["attacked_miou"]) == (accuracy, miou)
    assert row["norm"] == "linf"


def test_clean_scores_of_sea():
    table = published_table("sea").groupby(["model", "dataset"])[["clean_accuracy", "clean"]]
    assert (table.nunique() == 1).all(axis=None)
    assert table.first().T.to_dict("list") == {
        ("segmenter-vit-s-pir-at", "ade20k"): [69.1, 28.7],
        ("upernet-convnext-t", "voc"): [93.4, 77.2],
        ("upernet-convnext-t-pir-at", "ade20k"): [70.5, 31.7],
        ("upernet-convnext-t-pir-at", "voc"): [92.7, 75.9],
    }


@pytest.mark.parametrize(
    ("attack", "radius", "steps", "miou"),
    [
        ("PGD", 2, 3, 8.45),
        ("SegPGD", 4, 20, 0.47),
        ("CosPGD", 4, 100, 0.04),
        ("CosPGD", 8, 5, 0.08),
    ],
)
def test_cells_of_cospgd(attack, radius, steps, miou):
    row = cell("cospgd", model="segformer-b0", attack=attack, radius=radius, steps=steps)
    assert row["attacked_miou"] == miou


def test_no_cell_of_cospgd_is_mistyped():
    # Sums of the columns of the paper's table for SegFormer-B0.
    rows = published_table("cospgd").query("model == 'segformer-b0'")
    sums = rows.groupby("steps")["attacked_miou"].sum().to_dict()
    assert sums == pytest.approx(
        {3: 36.35, 5: 23.31, 10: 15.02, 20: 11.13, 40: 9.49, 100: 8.01}, abs=1e-9
    )


@pytest.mark.parametrize(
    ("model", "crop", "scores"),
    [
        ("segformer-mit-b0", "1024x1024", [0.12, 55.89, 0.64, 57.92, 1.02, 59.75]),
        ("deeplabv3plus-resnet101", "512x1024", [0.05, 58.31, 0.25, 61.47, 0.54, 64.23]),
        ("upernet-internimage-b", "512x1024", [0.23, 63.55, 0.31, 67.92, 0.35, 70.19]),
    ],
)
def test_cells_of_semsegbench(model, crop, scores):
    row = cell("semsegbench", model=model, crop=crop, dataset="cityscapes")
    names = [
        f"{attack}_{norm}" for attack in ("cospgd", "segpgd", "pgd") for norm in ("linf", "l2")
    ]
    assert [row[name] for name in names] == scores
    described = table_description("semsegbench").columns
    assert all("20 steps" in described[name] and "radius" in described[name] for name in names)


@pytest.mark.parametrize("source", ["sea", "cospgd"])
def test_the_source_says_which_attacks(source):
    assert table_description(source).measured.attacks
    assert table_description(source).protocol is None


def test_the_library_names_attack_norm_radius_and_steps():
    rows = rs.literature("segformer-b0", dataset="ade20k")
    attacked = rows[rows["attack"] != ""]
    assert set(attacked["source"]) == {"cospgd"}
    assert set(attacked["steps"]) == {3, 5, 10, 20, 40, 100}
    others = rows[rows["attack"] == ""]
    assert others["radius"].isna().all()
    assert "attack" not in rs.literature("fan-l")  # no row has one


def test_no_report_shows_rows_under_attack():
    for protocol in map(load_protocol, list_protocols()):
        for dataset, images in (("voc", 1449), ("ade20k", 2000)):
            found = published_results(dataset, "val", protocol, images)
            models = {*found.ranked["model"], *found.elsewhere["model"]}
            assert not {"segformer-b0", "upernet-convnext-t"} & models


def test_the_command_prints_them():
    result = CliRunner().invoke(main, ["literature", "upernet-convnext-t", "--dataset", "voc"])
    assert result.exit_code == 0
    first = result.stdout.splitlines()[1].split()
    assert first[:3] == ["sea", "upernet-convnext-t", "voc"]
    assert first[-4:] == ["CosPGD", "linf", "0.25", "-"]
    assert "48.0" in first
    assert math.isclose(float(first[5]), 77.2)
