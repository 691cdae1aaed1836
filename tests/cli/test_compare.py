import csv

import numpy as np
import pytest
from click.testing import CliRunner

from robustbench_seg.cli.main import main
from robustbench_seg.measures import MEASURES, WorstImages
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.runs.run_key import DatasetRecord, PerturbationRecord, RunKey
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.records.values.training import Training
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.store import Row, RunFolder, tables


@pytest.fixture
def write(tmp_path):
    """A run of 12 images and two classes with the same IoU everywhere, about `percent`."""

    def make(model, percent, *, dataset="cityscapes", trained=None, seed=0, clip=1):
        training = None
        if trained is not None:
            recipe = TrainingRecipe(seed=trained)
            training = Training("train", 1.0, "", 9, trained, recipe=recipe)
        key = RunKey(
            SegmenterRecord("toy", weights=f"{model} {percent}"),
            DatasetRecord(dataset, "val", 12, ("road", "car"), {}),
            PerturbationRecord("fast", 2, seed, load_protocol().severities_digest, {}),
        )
        about = ModelFacts(training=training)
        record = RunRecord(model, key, "cityscapes-c", "1", clip=clip, about=about)
        conditions = (CLEAN, *load_protocol().conditions())
        rows = []
        for image in range(12):
            hit = 2 * percent + image
            matrix = np.array([[hit, 100 - percent], [100 - percent, hit]])
            values = {"confusion": matrix}
            rows += [Row(f"{image:02d}.png", condition, values) for condition in conditions]
        folder = RunFolder.open(tmp_path / "runs", record)
        folder.add(0, rows)
        return folder.path

    return make


def compare(tmp_path, *arguments, runs=True):
    where = ["--runs", str(tmp_path / "runs")] if runs else []
    return CliRunner().invoke(main, ["compare", *map(str, arguments), *where])


def line(result, start):
    (found,) = (text for text in result.stdout.splitlines() if text.startswith(start))
    return found


def test_what_it_prints(write, tmp_path):
    write("good", 70)
    write("poor", 50)
    result = compare(tmp_path, "good", "poor")
    assert result.exit_code == 0, result.output
    assert line(result, "A  ").startswith("A  good  (")
    assert line(result, "12 images") == (
        "12 images of cityscapes val, protocol cityscapes-c version 1; scored: severities 1-5 of "
        "12 corruptions; 1-3 of gaussian_noise, impulse_noise, shot_noise, speckle_noise"
    )
    assert line(result, "mIoU in percent").endswith(
        "1,000 draws of 12 images, the same for A and B"
    )
    assert line(
        result, "with one training of a model, intervals do not cover the randomness of training"
    )
    assert line(result, "CD, rCD:") == (
        "CD, rCD: relative to poor, in percent (Kamann and Rother, CVPR 2020, arXiv 1908.05005)"
    )
    assert line(result, "with only 12 images").endswith("intervals and p-values are approximate")
    # 12 images of 2 x 70 + 0..11: 1746 right, 360 wrong of each class.
    fog = line(result, "fog").split()
    assert fog[:3] == ["fog", "1-5", f"{100 * 1746 / (1746 + 720):.1f}"]
    assert fog[-2:] == ["0.008", "A"]
    assert line(result, "mean").split()[1] == "scored"
    assert line(result, "mPC").split()[1] == "1-5"
    assert line(result, "Better at 5 %").startswith(
        "Better at 5 % after Holm's adjustment for 16 corruptions: A on 16, B on 0, open on 0."
    )


def test_a_model_against_itself(write, tmp_path):
    folder = write("good", 70)
    result = compare(tmp_path, "good", folder, runs=True)
    assert "A on 0, B on 0, open on 16" in result.stdout
    assert line(result, "fog").split()[-3:] == ["+0.0]", "1.000", "open"]
    assert "+0.0 [+0.0, +0.0]" in line(result, "mean")


def test_folders_need_no_runs(write, tmp_path):
    result = compare(tmp_path, write("good", 70), write("poor", 50), runs=False)
    assert result.exit_code == 0, result.output


def test_only_matrices_are_read_unless_all_scores_are_written(write, tmp_path, monkeypatch):
    write("good", 70)
    write("poor", 50)
    asked = []
    read = tables.read_part

    def noted(path, classes, measures, *others, **options):
        asked.append([measure.name for measure in measures])
        return read(path, classes, measures, *others, **options)

    monkeypatch.setattr(tables, "read_part", noted)
    printed = compare(tmp_path, "good", "poor").stdout
    assert asked == [["confusion"]] * 2
    asked.clear()
    assert compare(tmp_path, "good", "poor", "--csv", tmp_path / "all.csv").stdout == printed
    assert asked == [[measure.name for measure in MEASURES]] * 2


def test_the_csv_has_every_number(write, tmp_path):
    write("=good", 70)
    write("poor", 50)
    compare(tmp_path, "=good", "poor", "--csv", tmp_path / "out" / "both.csv")
    rows = list(csv.DictReader((tmp_path / "out" / "both.csv").open()))
    given = [measure for measure in MEASURES if not measure.needs_confidence]
    further = [info for measure in (*given, WorstImages) for info in measure.infos]
    lines = sum(19 if info.higher_is_better else 18 for info in further if info.name != "miou")
    assert len(rows) == 1 + 80 + 16 + 4 + 8 + 32 + lines
    assert {row["model_A"] for row in rows} == {"'=good"}  # no formula in a spreadsheet
    (cell,) = (
        r for r in rows if (r["kind"], r["score"], r["severities"]) == ("condition", "fog", "4")
    )
    assert float(cell["A"]) == pytest.approx(100 * 1746 / (1746 + 720), abs=1e-4)
    assert float(cell["low"]) < float(cell["difference"]) < float(cell["high"])
    assert cell["p_holm"] == cell["verdict"] == ""


def test_a_reference_of_the_runs_or_published(write, tmp_path, monkeypatch, published_on):
    for model, percent in (("good", 70), ("poor", 50), ("worst", 20)):
        write(model, percent)
    result = compare(tmp_path, "good", "poor", "--reference", "worst")
    assert "CD, rCD: relative to worst," in result.stdout
    assert float(line(result, "CD  ").split()[2]) < 60
    # ICNet's cells as printed: CD of each corruption, then their mean.
    published_on(monkeypatch, 12)
    result = compare(tmp_path, "good", "poor", "--reference", "ICNet")
    cells = [45.8, 44.6, 47.4, 44.7, 8.4, 8.4, 10.6, 27.9, 41.0, 33.1, 27.5, 34.0, 6.3, 30.5]
    lost = 100 - 100 * 1746 / (1746 + 720)
    expected = np.mean([100 * lost / (100 - cell) for cell in (*cells, 27.3, 11.0)])
    assert line(result, "CD  ").split()[2] == f"{expected:.1f}"


def test_trainings_are_shown(write, tmp_path):
    for seed in range(3):
        write("good", 70 + seed, trained=seed)
    write("poor", 50)
    result = compare(tmp_path, "good", "poor")
    assert line(
        result, "A is the mean of 3 trainings (seeds 0, 1, 2); intervals and verdicts cover"
    )
    assert line(result, "with one training of a model")


def test_seeds_of_the_corruptions_are_shown(write, tmp_path):
    write("good", 70)
    write("good", 70, seed=1)
    write("poor", 50)
    result = compare(tmp_path, "good", "poor")
    assert line(result, "A: random corruptions are means over the seeds 0 and 1, between which")
    assert "B: random" not in result.stdout


def test_clips_are_shown(write, tmp_path):
    write("good", 70, dataset="camvid", clip=4)
    write("poor", 50, dataset="camvid", clip=4)
    result = compare(tmp_path, "good", "poor")
    assert "1,000 draws of 3 clips of about 4 consecutive frames," in line(result, "mIoU")
    assert "A on 0, B on 0, open on 16" in result.stdout  # three units decide nothing
    write("high", 70, dataset="camvid", clip=12)
    write("low", 50, dataset="camvid", clip=12)
    result = compare(tmp_path, "high", "low")
    assert line(
        result,
        "no intervals: there is only one sampling unit (clips of about 12 consecutive frames)",
    )
    assert "[" not in line(result, "fog")


def test_other_settings_are_shown(write, tmp_path):
    write("good", 70)
    write("poor", 50, seed=1)
    assert line(compare(tmp_path, "good", "poor"), "note:") == (
        "note: A and B differ in seed 0 and 1"
    )


def test_one_line_for_what_is_wrong(write, tmp_path):
    write("good", 70, dataset="minicity")
    write("poor", 50, dataset="minicity")
    write("else", 50, dataset="camvid")
    for arguments, message in (
        (["god", "poor"], "unknown model 'god'; did you mean 'good'?"),
        (
            ["good", "else"],
            "cannot be compared: they differ in dataset; name runs on the same images",
        ),
        (["good", "poor", "--protocol", "cityscape"], "did you mean 'cityscapes-c'"),
        (["good", "poor", "--reference", "gud"], "unknown model 'gud'"),
        (["good", "poor", "--reference", "else"], "cannot be compared: they differ in dataset"),
        (
            ["good", "poor", "--reference", "ICNet"],
            "reference: ICNet is published on all 500 images of cityscapes val under ",
        ),
    ):
        result = compare(tmp_path, *arguments)
        assert result.exit_code == 2, result.output
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert result.stdout == ""
    result = CliRunner().invoke(main, ["compare", "a", "b", "--runs", str(tmp_path / "no")])
    assert "no: no such folder or pack; name run folders" in result.stderr
