import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from robustbench_seg.errors import ResultsError
from robustbench_seg.measures import (
    CONFIDENCE,
    SCALED_CONFIDENCE,
    WorstImages,
    mean_iou,
    score_infos,
)
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results import (
    Reference,
    are_comparable,
    compare_models,
    noted_differences,
    read_model,
)
from robustbench_seg.store import Row, RunFolder

FOG = Condition("fog", 3)
EASY = {"fog", "snow", "gaussian_noise"}

CONFIDENCE_SCORES = {info.name for info in (*CONFIDENCE.infos, *SCALED_CONFIDENCE.infos)}


def side_by_side(first, second, protocol, reference=None):
    a, b = read_model([first], protocol), read_model([second], protocol)
    table = compare_models(a, b, protocol, reference or Reference.of_model(b))
    return a, b, table.set_index(["kind", "score"])


def test_every_score_has_a_row_in_protocol_order(run, protocol):
    _, _, table = side_by_side(run("a"), run("b"), protocol)
    rows = table.index.to_frame()
    counts = rows["kind"].value_counts().to_dict()
    for info in [*score_infos().values(), *WorstImages.infos]:
        if info.name not in ("miou", "image_miou") and info.name not in CONFIDENCE_SCORES:
            assert counts.pop(info.key) == (19 if info.higher_is_better else 18)
    assert counts == {
        "clean": 1,
        "condition": 80,
        "corruption": 16,
        "category": 4,
        "summary": 8,
        "CD": 16,
        "rCD": 16,
        "image_miou": 19,
    }
    assert rows.loc["corruption"]["score"].tolist() == list(protocol.names)
    severities = table["severities"]
    assert severities["corruption"]["fog"] == "1-5"
    assert severities["corruption"]["shot_noise"] == severities["category"]["noise"] == "1-3"
    assert severities.loc["condition", "fog"].tolist() == list("12345")
    assert (severities["summary"]["mean"], severities["summary"]["mPC"]) == ("scored", "1-5")


def test_the_ranking_score_alone_has_the_numbers_that_it_has_among_others(run, protocol):
    folders = run("a", 0.7), run("b", 0.6)
    _, _, table = side_by_side(*folders, protocol)
    a, b = (read_model([folder], protocol, ranking_score_only=True) for folder in folders)
    assert [*a.scores.by_key] == ["miou"]
    alone = compare_models(a, b, protocol, Reference.of_model(b)).set_index(["kind", "score"])
    assert len(alone) == 80 + 16 + 1 + 4 + 8 + 16 + 16
    pd.testing.assert_frame_equal(alone, table[table.index.isin(alone.index)])


def test_a_run_without_matrices_has_no_ranking_score(run_record, tmp_path, protocol):
    folder = RunFolder.open(tmp_path / "runs", run_record("a"))
    folder.add(0, [Row("0.png", CLEAN, {"image_miou": np.array([50.0, 1.0])})])
    for alone in (False, True):
        with pytest.raises(ResultsError, match="no confusion matrices: evaluate with the measure"):
            read_model([folder.path], protocol, ranking_score_only=alone)


def test_scores_and_differences_by_their_definitions(run, protocol):
    a, b, table = side_by_side(run("a", 0.7), run("b", 0.6), protocol)
    own = {}
    for model in (a, b):
        cells = {c: model.scores.conditions[c][0] for c in (CLEAN, *protocol.conditions())}
        noisy = ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise")
        scored = [
            np.mean([cells[Condition(n, s)] for s in range(1, 4 if n in noisy else 6)])
            for n in protocol.names
        ]
        every = [np.mean([cells[Condition(n, s)] for s in range(1, 6)]) for n in protocol.names]
        own[model.name] = np.array([cells[CLEAN], np.mean(scored), np.mean(every)])
    for column, (clean, mean, mpc) in zip("AB", own.values(), strict=True):
        scores = table[column]["summary"]
        assert scores["mean"] == pytest.approx(mean)
        assert scores["retention"] == pytest.approx(100 * mean / clean)
        assert scores["mPC"] == pytest.approx(mpc)
        assert scores["rPC"] == pytest.approx(100 * mpc / clean)
    assert own["a"][1] - own["a"][2] > 0.1  # the two averages differ
    mean = table.loc["summary"].loc["mean"]
    assert mean["difference"] == pytest.approx(own["a"][1] - own["b"][1])
    assert mean["low"] < mean["difference"] < mean["high"]
    assert mean["A_low"] < mean["A"] < mean["A_high"]


def test_cd_and_rcd_are_sums_over_severities(run, protocol):
    a, b, table = side_by_side(run("a", 0.7, gain=-0.1), run("b", 0.6), protocol)
    lost, more = [], []
    for perturbation in protocol.perturbations:
        conditions = [Condition(perturbation.name, s) for s in perturbation.scored]
        d, ref = ([100 - m.scores.conditions[c][0] for c in conditions] for m in (a, b))
        clean, ref_clean = (100 - m.scores.conditions[CLEAN][0] for m in (a, b))
        lost.append(100 * sum(d) / sum(ref))
        more.append(100 * sum(x - clean for x in d) / sum(x - ref_clean for x in ref))
    assert table["A"].loc["CD"].tolist() == pytest.approx(lost)
    assert table["A"].loc["rCD"].tolist() == pytest.approx(more)
    assert table["A"]["summary"]["CD"] == pytest.approx(np.mean(lost))
    assert table["A"]["summary"]["rCD"] == pytest.approx(np.mean(more))
    assert table["B"]["summary"]["CD"] == pytest.approx(100)
    published = Reference.of_row("p", {"clean": 80.0, **dict.fromkeys(protocol.names, 60.0)})
    other = compare_models(a, b, protocol, published).set_index(["kind", "score"])
    fog = 100 - a.scores.summary.perturbations["fog"][0]
    assert other["A"]["CD"]["fog"] == pytest.approx(100 * fog / 40)
    assert other["A"]["rCD"]["fog"] == pytest.approx(
        100 * (fog - 100 + a.scores.summary.clean[0]) / 20
    )


def test_a_verdict_where_there_is_a_difference_and_nowhere_else(run, protocol):
    _, _, table = side_by_side(run("a", gain=0.03), run("b"), protocol)
    rows = table.loc["corruption"]
    assert set(rows.index[rows["verdict"] == "A"]) == EASY
    assert set(rows.loc[rows["verdict"] != "A", "verdict"]) == {"open"}
    # All 14 images have the same gain: the p-value is that of a sign test.
    assert rows.loc["fog", "p"] == pytest.approx(2 / 2**14)
    assert rows.loc["fog", "p_holm"] == pytest.approx(16 * 2 / 2**14)
    assert (rows.loc[rows["verdict"] == "open", "p"] == 1).all()
    _, _, other = side_by_side(run("c"), run("d", gain=0.03), protocol)
    assert (other.loc["corruption"].loc[list(EASY), "verdict"] == "B").all()
    mean = table.loc["summary"].loc["mean"]
    assert (mean["verdict"], mean["p_holm"]) == ("A", mean["p"])  # one question: not adjusted
    others = table.drop(index="corruption").drop(index=("summary", "mean"))
    assert (others["verdict"] == "").all()
    assert others["p_holm"].isna().all()


def test_few_images_give_no_verdict(run, protocol):
    _, _, table = side_by_side(run("a", 0.9, images=4), run("b", 0.3, images=4), protocol)
    assert set(table.loc["corruption", "verdict"]) == {"open"}
    _, _, table = side_by_side(run("c", 0.9, images=1), run("d", 0.3, images=1), protocol)
    assert table[["A_low", "A_high", "low", "high"]].isna().all(axis=None)
    kinds = ["clean", "condition", "corruption", "category", "summary", "CD", "rCD", "image_miou"]
    assert table.loc[kinds, "A"].notna().all()
    assert set(table.loc["corruption", "p"]) == {1}


def test_what_is_missing_is_empty_and_says_why(run, protocol):
    a = run("a", lack={(2, FOG)})
    _, _, table = side_by_side(a, run("b", lack={(1, Condition("shot_noise", 5))}), protocol)
    fog = table.loc["corruption"].loc["fog"]
    assert np.isnan(fog[["A", "difference", "p", "p_holm"]].to_numpy(float)).all()
    assert fog["B"] > 0
    assert fog["verdict"] == ""
    assert fog["reason"] == "A: severity 3: 13 of 14 images (truncated)"
    reason = table["reason"]
    assert reason["category"]["weather"] == "A: lacks fog"
    assert reason["summary"]["mean"] == "A: lacks fog"
    assert reason["summary"]["mPC"] == "A: lacks fog; B: lacks shot_noise"
    assert reason["corruption"]["shot_noise"] == reason["clean"]["clean"] == ""
    rest = table.loc["corruption"].drop(index="fog")
    assert rest["p_holm"].notna().all()
    only_clean = {(i, c) for i in range(14) for c in protocol.conditions()}
    table = side_by_side(run("c", lack=only_clean), run("d", lack=only_clean), protocol)[2]
    assert table["reason"]["summary"]["retention"] == (
        "A and B: lacks motion_blur, defocus_blur, glass_blur and 13 more"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"split": "test"},
            "cannot be compared: they differ in split; name runs on the same images",
        ),
        ({"classes": ("x", "y", "w")}, "they differ in classes"),
        ({"fingerprint": "g"}, "they differ in the files of the dataset"),
        ({"images": 5}, "runs on different images"),
        ({"clip": 7}, "whose sampling units are images and clips of about 7 consecutive frames"),
    ],
)
def test_what_does_not_compare(run, protocol, change, message):
    a, b = (read_model([folder], protocol) for folder in (run("a"), run("b", **change)))
    with pytest.raises(ResultsError, match=message):
        compare_models(a, b, protocol, Reference.of_model(b))
    assert not are_comparable(a.records[0], a.scores.sample, b.records[0], b.scores.sample)


def test_other_random_numbers_and_settings_are_noted(run, protocol):
    a, b, _ = side_by_side(run("a"), run("b", seed=3, precision="bf16"), protocol)
    assert noted_differences((a, b)) == ["seed 0 and 3", "precision float32 and bf16"]
    assert noted_differences((a, a)) == []
    assert are_comparable(a.records[0], a.scores.sample, b.records[0], b.scores.sample)


def test_another_protocol_scores_the_same_runs(run):
    city = load_protocol("city-c-fan")
    a, _, table = side_by_side(run("a"), run("b"), city)
    cells = [a.scores.conditions[Condition("fog", s)][0] for s in (1, 2, 3)]
    assert table["A"]["corruption"]["fog"] == pytest.approx(np.mean(cells))
    assert table["severities"]["corruption"]["fog"] == "1-3"


def test_what_a_protocol_does_not_average_is_only_shown(run, protocol):
    """It is in no mean, verdict or worst case, as in the finding and the tables of a report."""
    parts = [replace(each, averaged=each.name != "fog") for each in protocol.perturbations]
    shown = replace(protocol, perturbations=tuple(parts))
    names = [name for name in protocol.names if name != "fog"]
    _, _, table = side_by_side(run("a", 0.7, gain=-0.2), run("b", 0.6), shown)
    corruptions = table.loc["corruption"]
    assert not np.isnan(corruptions.loc["fog", "p"])
    assert corruptions.loc["fog", "verdict"] == ""
    assert np.isnan(corruptions.loc["fog", "p_holm"])
    assert set(corruptions.loc[names, "verdict"]) <= {"A", "B", "open"}
    assert corruptions.loc[names, "p_holm"].notna().all()
    assert list(table.loc["CD"].index) == names == list(table.loc["rCD"].index)
    for kind in ("CD", "rCD"):
        mean = table.loc["summary"].loc[kind, "A"]
        assert mean == pytest.approx(table.loc[kind].loc[names, "A"].mean())
    fog, frost = ((0, Condition(name, 3)) for name in ("fog", "frost"))
    _, _, table = side_by_side(run("c", lack=[fog]), run("d", lack=[fog, frost]), shown)
    summaries = table.loc["summary"].loc[["mean", "worst_corruption", "worst_condition"]]
    assert summaries["A"].notna().all(), "C lacks only what is only shown"
    assert summaries["B"].isna().all()
    assert summaries["reason"].str.contains("frost").all()
    assert not summaries["reason"].str.contains("fog").any()


def test_a_run_whose_images_another_protocol_made_is_not_scored_under_this_one(run, protocol):
    folder = run("a", severities="t", protocol="haze")
    message = (
        f"{folder}: its images were corrupted under haze 1, whose parameters differ from those of "
        f"cityscapes-c {protocol.version}; score runs of the two protocols separately"
    )
    with pytest.raises(ResultsError, match=re.escape(message)):
        read_model([folder], protocol)


def test_a_run_is_scored_under_any_protocol_that_agrees_on_parameters(run, protocol):
    fewer = replace(protocol, name="weather", perturbations=protocol.perturbations[-4:])
    assert read_model([run("b")], fewer).scores.mean[0] > 0
    missing = read_model([run("b")], load_protocol("mpc-15")).missing_images
    assert set(missing) == {"zoom_blur", "elastic_transform", "pixelate"}
    harder = replace(fewer.perturbations[0], parameters=fewer.perturbations[1].parameters)
    with pytest.raises(ResultsError, match="whose parameters differ from those of weather 1"):
        read_model([run("b")], replace(fewer, perturbations=(harder,)))


def test_the_same_trainings_scored_in_two_ways_are_drawn_together(run, protocol):
    def trained(model, weights):
        runs = [run(model, 0.5 + 0.1 * s, trained=s, weights=f"{weights}{s}") for s in range(2)]
        return read_model(runs, protocol)

    first, second, third = trained("whole", "w"), trained("windows", "w"), trained("other", "v")
    assert np.array_equal(first.scores.mean, second.scores.mean)
    assert not np.array_equal(first.scores.mean, third.scores.mean)


def test_a_training_that_has_just_begun_leaves_the_model_without_scores(run, protocol):
    runs = [run("a", trained=0), run("a", trained=1, scored=0)]
    model = read_model(runs, protocol)
    assert model.scores.trainings == 2
    assert np.isnan(model.scores.mean[0])
    assert model.image_counts[FOG] == 0


def test_what_one_training_lacks_no_class_has(run, protocol):
    foggy = [(image, Condition("fog", s)) for image in range(14) for s in range(1, 6)]
    runs = [run("a", trained=0), run("a", trained=1, lack=foggy)]
    model = read_model(runs, protocol)
    assert model.image_counts[FOG] == 0
    assert model.image_counts[CLEAN] == 14
    classes = model.class_iou.set_index(["corruption", "severity"])["iou"]
    assert classes["fog", 3].isna().all()
    assert classes["snow", 3].notna().all()


def test_pooled_and_not_averaged(run, protocol):
    """Through the store and the bootstrap, a score is still that of one summed matrix."""
    folder = run("a", images=5)
    model = read_model([folder], protocol)
    matrices = pd.read_parquet(next((folder / "parts").iterdir()))
    fog = matrices[(matrices["corruption"] == "fog") & (matrices["severity"] == 3)]
    total = np.sum(np.stack(fog["matrix"].to_list()), axis=0).reshape(3, 3)
    assert model.scores.conditions[FOG][0] == pytest.approx(mean_iou(total))
