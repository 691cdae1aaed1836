"""Synthetic against real: the published table's numbers, and those of runs by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from fake_runs import write_run

import robustbench_seg as rs
from robustbench_seg.errors import FileError, OptionError, ResultsError
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.transfer.correlation_table import TRANSFER_COLUMNS
from robustbench_seg.reporting.transfer.scatter_figure import transfer_figure
from robustbench_seg.reporting.transfer_report import Transfer

NAMES = load_protocol("semsegbench-sev3").names
TARGETS = ["acdc", "acdc_fog", "acdc_rain", "acdc_snow", "acdc_night"]


@pytest.fixture(scope="module")
def published():
    return rs.transfer(literature="semsegbench")


@pytest.fixture(scope="module")
def families():
    return rs.transfer(literature="semsegbench", resample="families")


def one(table, predictor, target, models):
    rows = table[(table["predictor"] == predictor) & (table["target"] == target)]
    (row,) = rows[rows["models"] == models].to_dict("records")
    return row


def test_six_rows_hide_how_well_the_mean_predicts_acdc(published):
    assert tuple(published.columns) == TRANSFER_COLUMNS
    assert len(published) == 2 * 5 * (2 + 4 + 15)
    everything, sound = (one(published, "mean", "acdc", n) for n in (32, 26))
    assert round(everything["pearson"], 3) == 0.704
    assert round(sound["pearson"], 3) == 0.952
    assert round(everything["spearman"], 2) == 0.81
    assert round(sound["spearman"], 2) == 0.93
    clean = [one(published, "clean", "acdc", n)["pearson"] for n in (32, 26)]
    assert np.round(clean, 2).tolist() == [0.69, 0.75]


def test_jpeg_compression_is_the_best_single_predictor_of_night_and_snow(published):
    for target in ("acdc_night", "acdc_snow"):
        rows = published[(published["target"] == target) & (published["models"] == 26)]
        best = rows.loc[rows["pearson"].idxmax()]
        assert best["predictor"] == "jpeg_compression"
        assert best["pearson"] == pytest.approx(0.95, abs=0.005)
    synthetic = [one(published, name, f"acdc_{name}", 26)["pearson"] for name in ("fog", "snow")]
    assert np.round(synthetic, 2).tolist() == [0.85, 0.88]


def test_every_correlation_is_scipy_s(published):
    rows = rs.literature(dataset="cityscapes", protocol="semsegbench-sev3")
    sound = rows[rows["kind"] != "cells"]
    for table in (rows, sound):
        for predictor in ("mean", "clean", *NAMES):
            for target in TARGETS:
                row = one(published, predictor, target, len(table))
                x, y = table[predictor].astype(float), table[target].astype(float)
                assert row["pearson"] == pytest.approx(scipy.stats.pearsonr(x, y).statistic)
                assert row["spearman"] == pytest.approx(scipy.stats.spearmanr(x, y).statistic)
                assert row["pearson_low"] < row["pearson"] < row["pearson_high"]
                assert row["spearman_low"] < row["spearman"] < row["spearman_high"]
    assert published.loc[published["predictor"] == "clean", "partial"].isna().all()
    x = sound[["mean", "acdc", "clean"]].astype(float)
    left = [
        x[v] - np.polyval(np.polyfit(x["clean"], x[v], 1), x["clean"]) for v in ("mean", "acdc")
    ]
    wanted = scipy.stats.pearsonr(*left).statistic
    assert one(published, "mean", "acdc", 26)["partial"] == pytest.approx(wanted)


def test_families_make_the_interval_wider(published, families):
    by_model, by_family = (one(t, "mean", "acdc", 26) for t in (published, families))
    assert by_model["pearson"] == by_family["pearson"]
    width = [row["pearson_high"] - row["pearson_low"] for row in (by_model, by_family)]
    assert width[1] > 1.5 * width[0]


def test_the_text_says_how_far_to_trust_it():
    text = Transfer.of(literature="semsegbench").text
    assert "all rows of semsegbench: 32 models of 8 families" in text
    assert "the audit does not flag: 26 models of 8 families" in text
    assert "not independent" in text
    (night,) = [line for line in text.splitlines() if line.startswith("acdc_night")][1:]
    assert night.endswith("jpeg_compression  0.952")


def test_each_plot_says_r_and_how_wide_its_interval_over_families_is():
    found = Transfer.of(literature="semsegbench", resample="families")
    figure = transfer_figure(found.models)
    titles = [axis.get_title("left").splitlines() for axis in figure.axes]
    assert [title[0] for title in titles] == 2 * TARGETS
    table = found.table
    for title, predictor, target in zip(
        titles, ["clean"] * 5 + ["mean"] * 5, 2 * TARGETS, strict=True
    ):
        for line, models, extent in zip(
            title[1:], (32, 26), ("all 32 models", "26 not flagged"), strict=True
        ):
            row = one(table, predictor, target, models)
            r, low, high = (row[name] for name in ("pearson", "pearson_low", "pearson_high"))
            assert line == f"r {r:.2f} ({low:.2f} to {high:.2f}), {extent}"
    assert "not independent" in figure.get_supxlabel()


def levels(start, fog):
    """Clean `start`; fog and snow cost what they cost at every severity."""
    cost = {"clean": 0, "fog": fog, "snow": 20}
    return lambda corruption, severity, image: start - cost.get(corruption, 5)


CLEAN, FOG, NIGHT = (60, 70, 65, 80), (30, 20, 10, 5), (25, 41, 44, 70)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Four models on a town and on its nights; night's score is known by heart."""
    names, runs = ("a", "b", "c", "d"), tmp_path_factory.mktemp("runs")
    town = [write_run(runs, n, levels(c, f)) for n, c, f in zip(names, CLEAN, FOG, strict=True)]
    nights = [
        write_run(runs, name, lambda *_, score=score: score, dataset="acdc:night")
        for name, score in zip(names, NIGHT, strict=True)
    ]
    return town, nights


def test_runs_are_put_together_by_the_names_of_models(pair):
    table = rs.transfer(*pair)
    assert set(table["target"]) == {"acdc_night"}
    assert set(table["models"]) == {4}
    fog = one(table, "fog", "acdc_night", 4)
    wanted = scipy.stats.pearsonr(np.subtract(CLEAN, FOG), NIGHT).statistic
    assert fog["pearson"] == pytest.approx(wanted)
    clean = one(table, "clean", "acdc_night", 4)
    assert clean["spearman"] == pytest.approx(scipy.stats.spearmanr(CLEAN, NIGHT).statistic)
    # snow costs every model the same, so it correlates like clean
    assert one(table, "snow", "acdc_night", 4)["pearson"] == pytest.approx(clean["pearson"])


def test_the_mean_is_that_of_the_scores(pair):
    town, nights = pair
    whole = load_protocol("cityscapes-c")
    only_shown = [replace(each, averaged=each.name != "fog") for each in whole.perturbations]
    protocol = replace(whole, name="fog-is-shown", perturbations=tuple(only_shown))
    scores = rs.scores(town, protocol=protocol)
    overall = (scores["metric"] == "mean") & scores["category"].isna()
    means = scores[overall].set_index("model")["value"][[*"abcd"]]
    found = one(rs.transfer(town, nights, protocol=protocol), "mean", "acdc_night", 4)
    assert found["pearson"] == pytest.approx(scipy.stats.pearsonr(means, NIGHT).statistic)
    with_fog = one(rs.transfer(town, nights), "mean", "acdc_night", 4)
    assert found["pearson"] != pytest.approx(with_fog["pearson"])


def test_a_given_protocol_also_scores_real_runs_that_do_not_hold_theirs(pair, tmp_path):
    town, nights = pair
    lost = [
        write_run(tmp_path, name, lambda *_, s=score: s, dataset="acdc:night", protocol="mine")
        for name, score in zip("abcd", NIGHT, strict=True)
    ]
    with pytest.raises(ResultsError, match=r"its protocol is not available: .*; name the protoc"):
        rs.transfer(town, lost)
    mine = replace(load_protocol(), name="mine")
    found, wanted = rs.transfer(town, lost, protocol=mine), rs.transfer(town, nights)
    pd.testing.assert_frame_equal(found, wanted)


def test_conditions_of_acdc_and_drops_are_targets(pair, run):
    town, _ = pair
    conditions = ("fog", "night", "rain", "snow")

    def adverse(n):
        return f"rgb_anon/{conditions[n]}/val/G/G_frame_000001_rgb_anon.png"

    def clear(n):
        return f"rgb_anon/{conditions[n]}/val_ref/G/G_frame_000001_rgb_ref_anon.png"

    real = []
    for name, score in zip("abcd", NIGHT, strict=True):
        own = {"images": 4, "weights": name}
        levels = (10 + score, score, 20, 30)
        real.append(
            run(name, lambda c, s, n, of=levels: of[n], dataset="acdc", image=adverse, **own)
        )
        real.append(run(name, lambda *_: 90, dataset="acdc-ref", image=clear, **own))
    table = rs.transfer(town, real)
    of_conditions = [f"{name}_{c}" for name in ("acdc", "acdc-ref") for c in conditions]
    assert set(table["target"]) == {
        *("acdc", "acdc-ref", "acdc_drop", *of_conditions),
        *(f"acdc_{condition}_drop" for condition in conditions),
    }
    night, drop = (one(table, "clean", f"acdc_night{end}", 4) for end in ("", "_drop"))
    assert night["pearson"] == pytest.approx(scipy.stats.pearsonr(CLEAN, NIGHT).statistic)
    assert drop["pearson"] == pytest.approx(-night["pearson"])


def test_a_model_without_a_real_score_is_left_out(pair, caplog):
    town, nights = pair
    table = rs.transfer(town, nights[:3])
    assert set(table["models"]) == {3}
    assert "d: scores on corrupted or real images are missing" in caplog.text
    with pytest.raises(ResultsError, match=r"2 models with all scores .*: a, b; a correlation"):
        rs.transfer(town, nights[:2])


def test_what_does_not_fit_together_is_named(run, pair):
    town, nights = pair
    other = run("e", dataset="camvid")
    with pytest.raises(ResultsError, match="minicity val under cityscapes-c and on camvid val"):
        rs.transfer([*town, other], nights)
    odd = run("a", dataset="acdc:fog", classes=("road", "sky"))
    with pytest.raises(ResultsError, match="its classes differ from those of the synthetic runs"):
        rs.transfer(town, odd)
    again = run("a", levels(50, 5), weights="9")
    with pytest.raises(ResultsError, match="two runs are called a; name the folder of one"):
        rs.transfer([*town, again], nights)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give runs on corrupted and on real images, or a source"),
        ({"synthetic": "runs"}, "give runs on corrupted and on real images, or a source"),
        ({"synthetic": "x", "literature": "semsegbench"}, "give runs or a source of the literat"),
        ({"literature": "semsegbench", "resample": "model"}, "resample 'model'; did you mean"),
    ],
)
def test_what_is_asked_for_is_one_of_two(arguments, message):
    with pytest.raises(OptionError, match=message):
        rs.transfer(**arguments)


def test_a_source_without_both_kinds_of_scores_is_refused():
    message = "unknown source of scores on .* 'fan'.* Known: semsegbench"
    with pytest.raises(ResultsError, match=message):
        rs.transfer(literature="fan")


def test_files_are_written_and_others_kept(tmp_path):
    rs.transfer(literature="semsegbench", out=tmp_path)
    assert (tmp_path / "transfer.csv").read_text().startswith("predictor,target,models,pearson,")
    svg = (tmp_path / "transfer.svg").read_text()
    assert "acdc_night" in svg
    assert "flagged by the audit" in svg
    rs.transfer(literature="semsegbench", out=tmp_path)
    (tmp_path / "transfer.csv").write_text("mine\n")
    with pytest.raises(FileError, match=r"transfer\.csv exists"):
        rs.transfer(literature="semsegbench", out=tmp_path)


def test_the_documentation_shows_these_numbers(published, families):
    page = (Path(__file__).parents[2] / "docs" / "literature.md").read_text(encoding="utf-8")
    for models in (32, 26):
        for target in TARGETS:
            clean, mean, wide = (
                one(table, name, target, models)
                for table, name in ((published, "clean"), (published, "mean"), (families, "mean"))
            )
            narrow_ends, wide_ends = (
                f"{row['pearson_low']:.2f} to {row['pearson_high']:.2f}" for row in (mean, wide)
            )
            assert (
                f"| {target} | {models} | {clean['pearson']:.3f} | {mean['pearson']:.3f} | "
                f"{narrow_ends} | {wide_ends} | {mean['spearman']:.3f} | {mean['partial']:.3f} |\n"
            ) in page
    text = Transfer.of(literature="semsegbench").text
    assert "+0.21 (-0.05 to 0.40)" in text
    assert "advantage over clean (+0.21) is -0.05 to 0.40" in " ".join(page.split())
