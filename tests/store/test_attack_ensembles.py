"""Rows of `sea` in runs written by hand, and how everything that reads scores takes them."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

import robustbench_seg as rs
from robustbench_seg.measures import CONFUSION, IMAGE_MIOU, mean_iou
from robustbench_seg.records.cards.perturbation import AttackPerturbation
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.attacks import ATTACK_ENSEMBLES, ENSEMBLE_LAW
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results import (
    Reference,
    compare_models,
    hardest_images,
    read_model,
    scores_of_model,
)
from robustbench_seg.results.statistics.draws import draw_units
from robustbench_seg.store import Row, RunFolder, condition_scores, read_counts, read_results
from robustbench_seg.store.packs.pack_scores import pack_scores

MEMBERS = ATTACK_ENSEMBLES["sea"]
IMAGES = 6
CLASSES = ("x", "y", "z")
LAWS = {**dict.fromkeys(MEMBERS, 1), "sea": ENSEMBLE_LAW}


def spec(name):
    return AttackPerturbation(name, "attack", (1, 2, 3), ({"scale": 0.1},) * 3)


ATTACKS = Protocol("attacks-by-hand", "1", "this test", tuple(map(spec, (*MEMBERS, "sea"))))


def matrix_of(seed, member, severity, image):
    """A random matrix; the truth is that of the image."""
    of_image = np.random.default_rng([seed, image])
    truth = of_image.integers(50, 200, 3)
    rng = np.random.default_rng([seed, image, severity, hash_of(member)])
    shares = rng.dirichlet((1, 1, 1), 3)
    return np.stack([rng.multinomial(n, p) for n, p in zip(truth, shares, strict=True)])


def hash_of(name):
    return sum(map(ord, name))


@pytest.fixture
def attacked(tmp_path, run_record):
    """Write the run of a model: clean, and three attacks at radii 1 and 2."""

    def write(model="a", *, seed=0, lack=(), laws=LAWS, members=MEMBERS, extra=None, **record):
        defaults = {
            "classes": CLASSES,
            "images": IMAGES,
            "weights": model,
            "severities": ATTACKS.severities_digest,
            "laws": laws,
        }
        folder = RunFolder.open(tmp_path / "runs", run_record(model, **{**defaults, **record}))
        conditions = [Condition(*pair) for pair in product(members, (1, 2))]
        rows = []
        for condition in (CLEAN, *conditions):
            for image in range(IMAGES):
                if (image, condition) in lack:
                    continue
                matrix = matrix_of(seed, condition.name, condition.severity, image)
                values = {"confusion": matrix, "image_miou": np.array([mean_iou(matrix), 1.0])}
                rows.append(Row(f"{image}.png", condition, values))
        folder.add(0, [*rows, *(extra or [])])
        return folder.path

    return write


def sea_rows(folder, severity=1, read=read_results):
    table = read(folder)
    return table[(table["corruption"] == "sea") & (table["severity"] == severity)]


def test_a_row_is_that_of_one_attack_with_all_its_measures(attacked):
    folder = attacked()
    table = read_results(folder)
    by = table.set_index(["corruption", "severity", "image"])
    chosen = set()
    for severity in (1, 2):
        rows = sea_rows(folder, severity)
        assert rows["image"].tolist() == [f"{image}.png" for image in range(IMAGES)]
        assert rows["reason"].tolist() == [None] * IMAGES
        for row in rows.itertuples():
            members = [by.loc[(member, severity, row.image)] for member in MEMBERS]
            (same,) = (
                n for n, one in enumerate(members) if np.array_equal(one["matrix"], row.matrix)
            )
            assert np.array_equal(members[same]["image_miou"], row.image_miou)
            chosen.add(same)
    assert len(chosen) > 1


def test_its_miou_is_below_that_of_every_attack_and_near_the_lowest_of_all_choices(attacked):
    folder = attacked()
    scores = condition_scores(read_counts(folder)).set_index(["corruption", "severity"])
    for severity in (1, 2):
        sea = scores.loc[("sea", severity)]
        assert sea["complete"]
        assert sea["images"] == IMAGES
        assert sea["miou"] <= min(scores.loc[(member, severity)]["miou"] for member in MEMBERS)
        lowest = min(
            mean_iou(sum(matrix_of(0, m, severity, i) for i, m in enumerate(choice)))
            for choice in product(MEMBERS, repeat=IMAGES)
        )
        assert lowest - 1e-9 <= sea["miou"] <= lowest + 1


def test_pixel_accuracy_is_that_of_the_worst_attack_on_each_image(attacked):
    table = rs.scores(attacked(), protocol=ATTACKS)
    accuracy = table[table["metric"] == "pixel_accuracy"].set_index(["corruption", "severities"])
    right = pixels = 0
    for image in range(IMAGES):
        each = [matrix_of(0, member, 1, image) for member in MEMBERS]
        right += min(map(np.trace, each))
        pixels += each[0].sum()
    assert accuracy.loc[("sea", "1")]["value"] == pytest.approx(100 * right / pixels)
    single = sum(matrix_of(0, MEMBERS[1], 1, image) for image in range(IMAGES))
    found = accuracy.loc[(MEMBERS[1], "1")]["value"]
    assert found == pytest.approx(100 * np.trace(single) / single.sum())


def test_it_reads_the_same_whatever_the_order_of_the_parts(attacked, tmp_path, run_record):
    folder = attacked()
    record = rs.Run(folder).record
    other = RunFolder.open(tmp_path / "others", record)
    table = read_results(folder)
    stored = table[table["corruption"] != "sea"]
    for block, row in enumerate(stored.sample(frac=1, random_state=0).itertuples()):
        condition = Condition(row.corruption, row.severity)
        values = {"confusion": row.matrix, "image_miou": row.image_miou}
        other.add(block, [Row(row.image, condition, values)])
    again = read_results(other.path)
    assert again.drop(columns="run").to_json() == table.drop(columns="run").to_json()


def test_a_run_has_it_only_where_its_protocol_lists_it(attacked):
    folder = attacked(laws=dict.fromkeys(MEMBERS, 1))
    assert set(read_results(folder)["corruption"]) == {"clean", *MEMBERS}
    assert "pixel_accuracy" not in set(rs.scores(folder, protocol=ATTACKS)["metric"])


def test_the_l2_attacks_have_one_of_their_own(attacked):
    members = ATTACK_ENSEMBLES["sea_l2"]
    assert members == tuple(f"{member}_l2" for member in MEMBERS)
    laws = dict.fromkeys([*members, "sea_l2"], 1)
    table = read_results(attacked(laws=laws, members=members))
    assert set(table["corruption"]) == {"clean", *members, "sea_l2"}


@pytest.mark.parametrize("read", [read_results, read_counts])
def test_an_attack_that_lacks_an_image_leaves_it_empty_with_the_reason(attacked, read):
    lack = [(3, Condition("apgd_js", 1))]
    folder = attacked(lack=lack)
    rows = sea_rows(folder, 1, read)
    assert rows["image"].tolist() == [f"{image}.png" for image in range(IMAGES)]
    assert set(rows["reason"]) == {"apgd_js has 5 of 6 images"}
    measured = [name for name in rows if "matrix" in name or "pooled" in name]
    assert rows[measured].isna().all(axis=None)
    assert sea_rows(folder, 2, read)["reason"].tolist() == [None] * IMAGES
    model = read_model([folder], ATTACKS, resamples=0)
    assert math.isnan(model.scores.summary.perturbations["sea"][0])
    assert model.missing_images["sea"] == (
        "severity 1: not run (apgd_js has 5 of 6 images); severity 3: not run"
    )


def test_an_image_that_was_left_out_is_missing_too(attacked):
    condition = Condition("apgd_mce", 2)
    folder = attacked(lack=[(0, condition)], extra=[Row("0.png", condition, reason="truncated")])
    assert set(sea_rows(folder, 2)["reason"]) == {"apgd_mce has 5 of 6 images"}


def test_attacks_that_were_not_run_at_a_radius_leave_nothing(attacked):
    folder = attacked()
    assert sea_rows(folder, 3).empty
    assert read_model([folder], ATTACKS, resamples=0).missing_images["sea"] == "severity 3: not run"
    alone = attacked("b", members=MEMBERS[:1])
    assert set(sea_rows(alone)["reason"]) == {f"{MEMBERS[1]} has 0 of 6 images"}


def test_attacks_on_different_images_are_not_mixed(attacked):
    condition = Condition("apgd_js", 1)
    matrix = {"confusion": np.eye(3, dtype=np.int64)}
    stray = Row("stray.png", condition, {**matrix, "image_miou": np.array([100.0, 1.0])})
    folder = attacked(lack=[(0, condition)], extra=[stray])
    (reason,) = set(sea_rows(folder)["reason"])
    assert reason == f"{', '.join(MEMBERS)} have different images"


def test_a_run_without_matrices_has_no_ensemble(attacked):
    folder = attacked()
    assert "sea" not in set(read_counts(folder, [IMAGE_MIOU])["corruption"])
    assert "sea" in set(read_counts(folder, [CONFUSION])["corruption"])


def test_an_ensemble_that_a_part_holds_is_not_believed(attacked):
    rows = [
        Row(f"{image}.png", Condition("sea", 1), {"confusion": np.eye(3, dtype=np.int64)})
        for image in range(IMAGES)
    ]
    with_rows = sea_rows(attacked("b", extra=rows))
    without = sea_rows(attacked("a"))
    assert with_rows["matrix"].map(str).tolist() == without["matrix"].map(str).tolist()


def test_tables_intervals_comparisons_and_packs_have_it_like_any_condition(attacked):
    one, other = (read_model([attacked(name, seed=n)], ATTACKS) for n, name in enumerate("ab"))
    table = pd.concat([scores_of_model(model, ATTACKS) for model in (one, other)])
    rows = table[(table["corruption"] == "sea") & (table["metric"] == "miou")]
    rows = rows[rows["severities"] == "1"]
    assert rows["model"].tolist() == ["a", "b"]
    assert (rows["ci_low"] < rows["value"]).all()
    assert (rows["value"] < rows["ci_high"]).all()
    compared = compare_models(one, other, ATTACKS, Reference.of_model(other))
    compared = compared[(compared["score"] == "sea") & (compared["severities"] == "2")]
    assert compared["difference"].notna().any()
    packed = pack_scores(one.folders[0])
    assert (packed["corruption"] == "sea").sum() == 2 * 2


def test_the_interval_keeps_the_choice_of_each_image(attacked):
    folder = attacked()
    model = read_model([folder], ATTACKS, resamples=20)
    draws = model.scores.conditions[Condition("sea", 1)]
    matrices = np.stack([*sea_rows(folder)["matrix"]])
    times = draw_units(np.arange(IMAGES), 20)
    expected = [mean_iou(np.tensordot(t, matrices, 1)) for t in times]
    assert draws[:21] == pytest.approx(expected)


def test_the_hardest_images_show_an_attack_that_has_an_image(attacked):
    specs = tuple(replace(each, scored=(1, 2)) for each in ATTACKS.perturbations)
    protocol = replace(ATTACKS, perturbations=specs)
    found = hardest_images(read_counts(attacked()), protocol)
    assert len(found) == IMAGES
    assert {one.worst.name for one in found} <= set(MEMBERS)
