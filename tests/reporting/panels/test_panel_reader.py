import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_runs import steady, weaker

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.panels import finding, read_panels

PROTOCOL = load_protocol()
MIOU = ["model", "source", "dataset", "split", "protocol", "images", "clean"]


def row(panel, model: str) -> pd.Series:
    return panel.miou.set_index("model").loc[model]


def test_scores_are_those_of_the_matrices(run):
    (panel,) = read_panels([run("alpha")])
    assert list(panel.miou.columns) == [*MIOU, *PROTOCOL.names, "mean", "retention", "runs"]
    alpha = row(panel, "alpha")
    # Noise scores severities 1-3 (80 - 4 * 2), the rest 1-5 (80 - 4 * 3).
    assert alpha["images"] == 3
    assert alpha["clean"] == 80
    assert alpha["gaussian_noise"] == pytest.approx(72)
    assert alpha["fog"] == pytest.approx(68)
    assert alpha["mean"] == pytest.approx((4 * 72 + 12 * 68) / 16)
    assert alpha["retention"] == pytest.approx(100 * 69 / 80)
    assert panel.ranking[0].categories == pytest.approx(
        {"blur": 68, "noise": 72, "digital": 68, "weather": 68}
    )


def test_matrices_are_pooled_before_they_are_scored(run):
    def one_good_image(corruption: str, severity: int, image: int) -> int:
        return 100 if image == 0 else 40

    (panel,) = read_panels([run("alpha", one_good_image, images=2)])
    # hits 200 + 80, misses 0 + 60 each way: 280 / (280 + 120), not (100 + 40) / 2 = 70 ... equal
    # unions would hide the difference, so the unions here are 200 and 200.
    assert row(panel, "alpha")["clean"] == pytest.approx(100 * 280 / (280 + 120))


def test_the_most_robust_ranks_first_whatever_its_clean_score(run):
    def brittle(corruption: str, severity: int, image: int) -> int:
        return 99 if severity == 0 else 20

    (panel,) = read_panels(
        [
            run("brittle", brittle, images=12),
            run("alpha", images=12),
            run("beta", weaker, images=12),
        ]
    )
    assert list(panel.miou["model"]) == ["alpha", "beta", "brittle"]
    assert panel.ranks == ("1", "2", "3")
    assert [one.name for one in panel.models] == ["alpha", "beta", "brittle"]


def test_places_are_shared_where_no_difference_is_established(run):
    def jumpy(corruption: str, severity: int, image: int) -> int:
        """As good as `steady` on average, but not on each image."""
        return steady(corruption, severity, image) + (5 if image % 2 else -5)

    runs = [run("alpha", images=12), run("jumpy", jumpy, images=12)]
    runs.append(run("beta", lambda *at: steady(*at) - 7, images=12))
    (panel,) = read_panels(runs)
    assert panel.ranks == ("1=", "1=", "3")


def test_trainings_of_one_model_are_one_row(run):
    trained = [run("alpha", steady, trained=1), run("alpha", weaker, trained=2)]
    runs = [*trained, run("beta", weaker)]
    (panel,) = read_panels(runs)
    assert list(panel.miou["model"]) == ["alpha", "beta"]
    alpha, beta = row(panel, "alpha"), row(panel, "beta")
    # The images of `weaker` are 1 point apart on equal unions, so the middle image is the score.
    assert beta["fog"] == pytest.approx(55)
    assert alpha["fog"] == pytest.approx((68 + 55) / 2)
    assert alpha["clean"] == pytest.approx((80 + 79) / 2)
    low, high = panel.model("alpha").mean_interval
    assert low < beta["mean"] + 1 < alpha["mean"] < high  # the trainings differ by 6.9 points
    fog = panel.per_severity.query("model == 'alpha' and corruption == 'fog' and severity == 5")
    assert fog["miou"].tolist() == [pytest.approx((60 + 39) / 2)]
    assert panel.class_grid("alpha").loc["car", "fog"] == pytest.approx((68 + 55) / 2)
    said = finding([panel])
    assert "Each score is the mean of 1 or 2 trainings." in said
    assert "corruptions and, if a model has several trainings, the randomness of training." in said
    assert "bootstrap over images and trainings" in said


def test_what_a_run_says_of_cost_and_time(run):
    (panel,) = read_panels([run("alpha", about={"macs": 8_400_000}, predict=0.25), run("beta")])
    alpha, beta = panel.model("alpha"), panel.model("beta")
    assert (alpha.parameters, alpha.gmacs, alpha.seconds) == (3_700_000, 0.0084, 0.25)
    assert np.isnan([beta.gmacs, beta.seconds, beta.speed]).all()


def test_a_cell_without_all_its_images_is_empty_and_so_is_the_mean(run):
    def holes(corruption: str, severity: int, image: int) -> int | str | None:
        if corruption == "fog" and severity == 4:
            return None
        if corruption == "snow" and severity == 2 and image == 1:
            return "town/1.png: truncated"
        if corruption == "gaussian_noise" and severity == 5:
            return None  # does not score
        return 50

    (panel,) = read_panels([run("holes", holes)])
    cells = row(panel, "holes")
    assert cells[["fog", "snow", "mean", "retention"]].isna().all()
    assert cells["gaussian_noise"] == 50
    missing = [name for name, mean in panel.ranking[0].categories.items() if np.isnan(mean)]
    assert missing == ["weather"]
    assert panel.ranks == ("",)
    why = panel.model("holes").scored.missing_images
    assert why["fog"] == "severity 4: not run"
    assert why["snow"] == "severity 2: 2 of 3 images (town/1.png: truncated)"
    assert why["gaussian_noise"] == "severity 5: not run"
    assert "frost" not in why
    partial = panel.per_severity.set_index(["corruption", "severity"]).loc["snow", 2]
    assert partial["images"] == 2
    assert np.isnan(partial["miou"])
    classes = panel.per_class.query("corruption == 'snow' and severity == 2")
    assert classes["iou"].isna().all()


def test_a_run_without_clean_has_no_retention(run):
    def no_clean(corruption: str, severity: int, image: int) -> int | None:
        return None if severity == 0 else 50

    (panel,) = read_panels([run("alpha", no_clean)])
    cells = row(panel, "alpha")
    assert cells["mean"] == pytest.approx(50)
    assert cells[["clean", "retention"]].isna().all()
    assert panel.complete == ()


def test_per_severity_and_per_class_rows(run):
    (panel,) = read_panels([run("beta", weaker)])
    table = panel.per_severity
    assert list(table.columns) == [
        *["model", "dataset", "split", "protocol", "corruption", "category", "severity", "scored"],
        *["images", "miou", "ci_low", "ci_high", "runs"],
    ]
    assert len(table) == 81
    assert table.iloc[0][["corruption", "category", "severity"]].tolist() == ["clean", "clean", 0]
    assert table["scored"].sum() == len(PROTOCOL.scored_conditions) == 72
    fog = table.set_index(["corruption", "severity"]).loc["fog", 5]
    assert fog["miou"] == pytest.approx(39)  # 38, 39 and 40 on equal unions
    assert 38 <= fog["ci_low"] < 39 < fog["ci_high"] <= 40
    assert list(panel.per_class.columns) == [
        *["model", "dataset", "split", "protocol", "corruption", "severity", "class", "iou", "runs"]
    ]
    assert set(table["protocol"]) == set(panel.per_class["protocol"]) == {"cityscapes-c"}
    assert len(panel.per_class) == 81 * 3
    grid = panel.class_grid("beta")
    assert grid.loc["car", "fog"] == pytest.approx(79 - 8 * 3)
    assert np.isnan(grid.loc["sky", "fog"])  # occurs nowhere


def test_published_rows_stand_apart_from_fewer_images(run):
    (panel,) = read_panels([run("alpha", dataset="cityscapes")])
    assert set(panel.miou["source"]) == {"measured"}
    assert len(panel.published.benchmark) == 13
    with pytest.raises(
        ResultsError, match="ICNet is published on all 500 images of cityscapes val"
    ):
        read_panels([run("beta", dataset="cityscapes")], reference="ICNet")


def test_published_rows_rank_only_beside_cityscapes_val(run, three_published):
    (panel,) = read_panels([run("alpha", dataset="cityscapes")])
    assert list(panel.miou["source"]).count("published") == 13
    assert panel.published.benchmark.empty
    # 69.0 lies above SegFormer-B5's 65.81 and all other published means.
    assert panel.miou["model"].iloc[:2].tolist() == ["alpha", "SegFormer-B5"]
    assert panel.miou["mean"].iloc[1] == pytest.approx(65.8125)

    (other,) = read_panels([run("alpha", dataset="camvid")])
    assert set(other.miou["source"]) == {"measured"}
    assert len(other.published.benchmark) == 13


@pytest.mark.parametrize("protocol", ["mpc-15", "city-c-fan"])
def test_published_rows_stand_beside_no_other_protocol(run, protocol):
    (panel,) = read_panels([run("alpha", dataset="cityscapes", protocol=protocol)])
    assert set(panel.miou["source"]) == {"measured"}
    assert panel.published.shown.empty
    assert panel.published.caption == ""
    names = load_protocol(protocol).names
    assert list(panel.miou.columns) == [*MIOU, *names, "mean", "retention", "runs"]
    assert list(panel.class_grid("alpha").columns) == ["clean", *names]


def test_each_dataset_has_its_own_ranking(run):
    small = run("alpha", dataset="camvid", classes=[f"c{i}" for i in range(11)])
    large = run("alpha", dataset="minicity", classes=[f"c{i}" for i in range(19)])
    panels = read_panels([small, large])
    assert [(panel.dataset, len(panel.classes)) for panel in panels] == [
        ("camvid", 11),
        ("minicity", 19),
    ]


def test_a_run_of_other_classes_is_left_out(run, caplog):
    a, b = run("alpha"), run("beta", classes=("road", "car"))
    (panel,) = read_panels([a, b])
    assert [row.name for row in panel.models] == ["alpha"]
    (warning,) = (record.getMessage() for record in caplog.records)
    assert "different classes on the same dataset (minicity val)" in warning
    assert warning.endswith("report them separately; it is left out")


def test_two_runs_of_one_model_have_names_of_their_own(run):
    a, b = run("alpha"), run("alpha", weaker, precision="bf16")
    (panel,) = read_panels([a, b])
    assert set(panel.miou["model"]) == {f"alpha [{path.name[-8:]}]" for path in (a, b)}
    said = "The rows differ in precision float32 and bf16: "
    assert any(said in warning for warning in panel.warnings)
    said = " are two runs of alpha: they differ in precision."
    assert any(warning.endswith(said) for warning in panel.warnings)


def test_the_page_says_that_a_tree_is_of_unknown_origin_and_why_there_are_two_runs(run):
    foreign = run("alpha", weaker, foreign="ab" * 32, numpy="2.0.1")
    (panel,) = read_panels([run("alpha"), foreign])
    said = " ".join(panel.warnings)
    assert "its corrupted images come from a tree of unknown origin" in said
    assert "corrupted images generated by robustseg and of unknown origin (abababab)" in said
    assert "they differ in corrupted images, " in said
    assert " and 2.0.1." in said


@pytest.mark.parametrize(
    ("setting", "warning"),
    [
        ({"precision": "bf16"}, "The rows differ in precision float32 and bf16: read"),
        ({"seed": 3}, "The rows differ in seed 0 and 3: read their provenance"),
        ({"laws": {"fog": 2}}, "The rows differ in versions of the corruptions {"),
    ],
)
def test_rows_of_other_settings_are_a_warning(run, setting, warning):
    a, b = run("alpha"), run("beta", weaker, **setting)
    (panel,) = read_panels([a, b])
    assert any(said.startswith(warning) for said in panel.warnings)
    assert panel.verdict("alpha", "beta") is not None
    (alone,) = read_panels([a])
    assert not any("differ" in said for said in alone.warnings)


def test_runs_on_other_images_do_not_rank_together(run):
    few = run("alpha", images=3)
    panels = read_panels([few, run("beta", weaker, images=5), run("gamma", images=5)])
    assert [[row.name for row in panel.models] for panel in panels] == [
        ["alpha"],
        ["gamma", "beta"],
    ]
    assert [panel.name for panel in panels] == [
        "minicity val, 3 images (cityscapes-c)",
        "minicity val, 5 images (cityscapes-c)",
    ]
    assert [panel.ranks for panel in panels] == [("1",), ("1=", "1=")]
    for panel, count in zip(panels, (3, 5), strict=True):
        (warning,) = panel.warnings
        assert warning.startswith(f"These rows are on {count} images.")
    (alone,) = read_panels([few])
    assert (alone.name, alone.warnings) == ("minicity val (cityscapes-c)", ())


def test_runs_on_other_files_of_one_number_have_headings_of_their_own(run):
    panels = read_panels([run("alpha"), run("beta", weaker, fingerprint="other")])
    names = [panel.name for panel in panels]
    assert len(set(names)) == 2
    for name in names:
        assert re.fullmatch(r"minicity val, 3 images of files [0-9a-f]{8} \(cityscapes-c\)", name)


def test_one_run_in_two_folders_is_refused(run, tmp_path):
    a = run("alpha")
    shutil.copytree(a, tmp_path / "other" / a.name)
    with pytest.raises(ResultsError, match=r"are the same run, in part or whole: copy the parts/"):
        read_panels([a, tmp_path / "other"])
    (panel,) = read_panels([a, a.parent, a.parent / ".." / a.parent.name])
    assert len(panel.models) == 1


def test_a_clean_score_far_from_the_published_one_comes_first(run):
    folder = run("alpha", published=99.0)
    (panel,) = read_panels([folder, run("beta", weaker, seed=1)])
    assert re.match(
        r"alpha: its clean mIoU is [\d.]+, but the published one is 99.0", panel.warnings[0]
    )


def test_each_training_is_compared_with_the_score_of_its_own_card(run):
    def trained(seed, score, published):
        return run("alpha", score, trained=seed, published=published)

    def far_worse(corruption, severity, image):
        return weaker(corruption, severity, image) - 10

    # They score 80 and 69 on clean images: their mean is far from both.
    (panel,) = read_panels([trained(0, steady, 80.0), trained(1, far_worse, 69.0)])
    assert not [warning for warning in panel.warnings if "published" in warning]
    (panel,) = read_panels([trained(2, steady, 80.0), trained(3, far_worse, 90.0)])
    assert "its clean mIoU is 69.0, but the published one is 90.0" in " ".join(panel.warnings)


def test_reference_gives_degradation(run):
    a, b = run("alpha"), run("beta", weaker)
    (panel,) = read_panels([a, b], reference="beta")
    cd = panel.degradation.set_index(panel.miou["model"])
    assert cd.loc["beta", ["CD", "rCD"]].tolist() == pytest.approx([100, 100])
    # beta (mean image): clean 79, noise 67, fog 55, the other eleven 61
    ratios = 4 * [28 / 33] + [32 / 45] + 11 * [32 / 39]
    assert cd.loc["alpha", "CD"] == pytest.approx(100 * np.mean(ratios))
    ratios = 4 * [8 / 12] + [12 / 24] + 11 * [12 / 18]
    assert cd.loc["alpha", "rCD"] == pytest.approx(100 * np.mean(ratios))
    with pytest.raises(ResultsError, match="unknown model 'bet'; did you mean 'beta'"):
        read_panels([a, b], reference="bet")


def test_no_reference_means_no_degradation(run):
    (panel,) = read_panels([run("alpha")])
    assert panel.degradation.empty


def test_a_run_with_nothing_in_it_is_one_clear_error(run):
    empty = run("alpha", lambda corruption, severity, image: None)
    with pytest.raises(ResultsError, match="no image is scored yet; evaluate first"):
        read_panels([empty])


def test_a_foreign_protocol_must_be_given(run):
    path = run("alpha", protocol="mine")
    with pytest.raises(
        ResultsError, match=r"protocol is not available.*; name the protocol's file"
    ):
        read_panels([path])
    (panel,) = read_panels([path], protocol=PROTOCOL)
    assert panel.protocol is PROTOCOL


def test_a_panel_is_the_same_whatever_the_order_of_its_runs(run):
    a, b = run("alpha"), run("beta", weaker)
    (one,), (two,) = read_panels([a, b]), read_panels([b, a])
    pd.testing.assert_frame_equal(one.miou, two.miou)
    pd.testing.assert_frame_equal(one.per_severity, two.per_severity)


def test_missing_folder(tmp_path: Path):
    with pytest.raises(ResultsError, match="no such folder"):
        read_panels([tmp_path / "nowhere"])


def test_all_pairs_of_a_panel_are_one_family(run):
    """A difference that two models by themselves would establish is open among four."""

    def uneven(corruption: str, severity: int, image: int) -> int:
        return steady(corruption, severity, image) - 4 + 3 * (image % 4)

    runs = [run("alpha", images=8), run("beta", uneven, images=8)]
    (pair,) = read_panels(runs)
    first = [model.name for model in pair.complete]
    two = pair.verdict(*first)
    others = [run(name, lambda *at: steady(*at) - 40 + at[2], images=8) for name in ("c", "d")]
    (panel,) = read_panels([*runs, *others])
    four = panel.verdict(*first)
    assert (two.points, two.low, two.high) == (four.points, four.low, four.high)
    assert two.p < four.p <= 6 * two.p
