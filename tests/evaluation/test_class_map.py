"""Models scored in the classes of a dataset that are not their own."""

import json
import logging

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import robustbench_seg as rs
from robustbench_seg.corruption import corrupt
from robustbench_seg.datasets import load_class_map
from robustbench_seg.errors import CardError, ModelError, OptionError, ResultsError
from robustbench_seg.evaluation.predictions.class_mapping import map_classes
from robustbench_seg.measures import CONFUSION, MEASURES, Confidence, Prediction, Truth
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.results import hardest_images
from robustbench_seg.store import PictureFiles, read_counts
from tests.evaluation.conftest import CLASSES, Reds

FOUR = ("black", "grey", "white", "blue")
SMALL = {"corruptions": ("contrast",), "severities": (1,)}

TWO_TO_ONE = """\
model = ["black", "grey", "white", "blue"]
dataset = ["dark", "middle", "bright"]
[map]
black = "dark"
blue = "dark"
grey = "middle"
white = "bright"
"""

IGNORING = TWO_TO_ONE.replace('blue = "dark"', 'blue = "ignore"')

IMPOSSIBLE = TWO_TO_ONE.replace('white = "bright"', 'white = "middle"') + (
    '[impossible]\nbright = "miss"\n'
)


class Four(Reds):
    """Segments by the level of red into FOUR; where blue is high, dark pixels are "blue"."""

    def __init__(self, name="four"):
        super().__init__(name, FOUR)

    def __call__(self, image):
        labels = (image[..., 0] // 86).astype(np.uint8)
        labels[(labels == 0) & (image[..., 2] > 127)] = 3
        return labels


@pytest.fixture
def score(toy, tmp_path):
    """Evaluate Four through a map; returns the run."""

    def score(text, model=None, **options):
        (tmp_path / "own.toml").write_text(text)
        given = {"dataset": toy(), "out": tmp_path / "runs", **SMALL, **options}
        (run,) = rs.evaluate(model=model or Four(), class_map=tmp_path / "own.toml", **given)
        return run

    return score


def clean(run):
    rows = run.results()
    return rows[rows["corruption"] == "clean"]


def values(run, metric):
    """The clean scores of a metric by class, else the single one."""
    rows = rs.scores(run.path).query("metric == @metric and severities == '0'")
    return dict(zip(rows["class"].fillna(""), rows["value"], strict=True))


def test_a_perfect_predictor_scores_100(score):
    run = score(TWO_TO_ONE)
    matrices = clean(run)["matrix"]
    assert all(matrix.shape == (3, 3) for matrix in matrices)
    assert values(run, "iou") == {"dark": 100, "middle": 100, "bright": 100}
    assert (
        rs.scores(run.path).query("metric == 'miou' and severities == '0'")["value"].item() == 100
    )


def test_an_ignored_prediction_is_a_miss_and_no_false_positive(score, toy):
    run = score(IGNORING)
    data = toy()
    matrix = sum(clean(run)["matrix"])
    assert matrix.shape == (3, 4)
    blue = dark = 0
    for index in range(6):
        sample = data[index]
        scored = sample.labels[..., :] == 0
        dark += int(scored.sum())
        blue += int((scored & (sample.image[..., 2] > 127)).sum())
    assert 0 < blue < dark
    assert matrix[0].tolist() == [dark - blue, 0, 0, blue]
    assert matrix[:, 3].tolist() == [blue, 0, 0]
    scores = values(run, "iou")
    assert scores["dark"] == pytest.approx(100 * (dark - blue) / dark)
    assert scores["middle"] == scores["bright"] == 100, "no class has a false positive"


def test_an_impossible_class_is_missed(score, toy):
    run = score(IMPOSSIBLE)
    scores = values(run, "iou")
    labels = np.concatenate([toy()[i].labels.ravel() for i in range(6)])
    middle, bright = (labels == 1).sum(), (labels == 2).sum()
    assert scores == {
        "dark": 100,
        "middle": pytest.approx(100 * middle / (middle + bright)),
        "bright": 0,
    }
    miou = rs.scores(run.path).query("metric == 'miou' and severities == '0'")["value"].item()
    assert miou == pytest.approx(np.mean([*scores.values()]))


def test_an_impossible_class_is_left_out(score, toy):
    run = score(IMPOSSIBLE.replace('"miss"', '"leave-out"'))
    scores = values(run, "iou")
    assert (scores["dark"], scores["middle"]) == (100, 100)
    assert np.isnan(scores["bright"])
    rows = clean(run)
    labels = np.concatenate([toy()[i].labels.ravel() for i in range(6)])
    assert sum(rows["matrix"]).sum() == (labels < 2).sum(), "its true pixels are not scored"
    assert sum(rows["matrix"])[2].sum() == 0
    found = rs.scores(run.path)
    found = found[(found["severities"] == "0") & found["class"].isna()].set_index("metric")["value"]
    names = ["miou", "object_recall", "boundary_miou_4", "image_miou"]
    assert found[names].tolist() == [100] * 4


def test_every_measure_counts_a_pixel_without_a_class_as_wrong():
    """255 among the predictions scores like any wrong class, and is also a false positive."""
    rng = np.random.default_rng(0)
    truth = np.repeat(np.repeat(rng.integers(0, 3, (6, 8)), 8, 0), 8, 1).astype(np.uint8)
    truth[:3] = 255
    wrong = rng.random(truth.shape) < 0.1
    doubt = rng.random(truth.shape).astype(np.float32)
    none, other = (np.where(wrong, value, truth).astype(np.uint8) for value in (255, 3))
    none[:3], other[:3] = 0, 0
    confidence = Confidence(doubt)
    for measure in MEASURES:
        prepared = measure.prepare(Truth(truth))
        observed = measure.observe(
            prepared, Prediction(none, truth, 3, confidence, confidence, no_class=True)
        )
        assert observed.shape == measure.shape_with_no_class(3)
        as_fourth = measure.observe(prepared, Prediction(other, truth, 4, confidence, confidence))
        if measure.name == "confusion":
            assert np.array_equal(observed, as_fourth[:3])
        elif measure.name == "image_miou":
            ious = []
            for name in range(3):
                predicted, true = (none == name) & (truth != 255), truth == name
                ious.append(100 * (predicted & true).sum() / (predicted | true).sum())
            assert observed.tolist() == pytest.approx([np.mean(ious), 1])
        elif measure.name in ("confidence", "confidence_t"):
            assert np.array_equal(observed, as_fourth)
        else:
            assert np.array_equal(observed, as_fourth[..., :3])


def test_confidence_is_that_of_the_predicted_class(score, tmp_path):
    own = load_class_map(_written(tmp_path, TWO_TO_ONE))
    labels, truth = np.uint8([[3, 1]]), np.uint8([[0, 1]])
    doubt = np.float32([[0.25, 0.5]])
    found = map_classes(Prediction(labels, truth, 3, Confidence(doubt, 1.0, 2.0)), own)
    assert found.labels.tolist() == [[0, 1]]
    assert found.confidence.doubt is doubt
    assert (found.confidence.nll, found.confidence.brier) == (None, None)
    assert found.scaled is None
    assert not found.no_class


class Levels(nn.Module):
    """Logits by the distance of red from three levels; a fourth class is a copy of the first."""

    def forward(self, images):
        centres = torch.tensor([0.1, 0.47, 0.733, 0.11])[:, None, None]
        return -40 * (images[:, :1] - centres).abs()


def test_a_network_has_confidence_but_no_likelihood(score):
    about = {"classes": FOUR, "mean": (0.0,) * 3, "std": (1.0,) * 3, "name": "levels"}
    run = score(TWO_TO_ONE, Levels(), temperature=2.0, **about)
    found = rs.scores(run.path).query("severities == '0' and `class`.isna()")
    found = dict(zip(found["metric"], found["value"], strict=True))
    assert 0 < found["ece"] < 100
    assert 0 < found["ece_t"] < 100
    assert all(np.isnan(found[name]) for name in ("nll", "brier", "nll_t", "brier_t"))


def test_the_map_is_part_of_the_key_and_of_the_record(score, tmp_path):
    run = score(IGNORING)
    table = json.loads((run.path / "run.json").read_text())
    assert table["key"]["class_map"] == {
        "classes": list(FOUR),
        "targets": ["dark", "middle", "bright", "ignore"],
        "left_out": [],
        "missed": [],
        "law": 1,
    }
    assert table["class_map"]["name"] == "own"
    assert run.record.classes == CLASSES
    assert set(run.results()["class_map"]) == {"own"}
    assert set(rs.scores(run.path)["class_map"]) == {"own"}


def test_another_map_is_another_run(score):
    one, other = score(IGNORING), score(TWO_TO_ONE)
    assert one.path != other.path
    assert score(IGNORING).path == one.path, "the first one goes on"
    (difference,) = one.record.differences(other.record)
    assert (difference.kind, difference.noted, difference.of_images) == ("class map", True, False)
    left_out = score(IMPOSSIBLE.replace('"miss"', '"leave-out"'))
    kinds = {each.name: each.of_images for each in one.record.differences(left_out.record)}
    assert kinds == {"classes left out by a class map": True, "class map": False}


def test_runs_that_leave_out_other_classes_do_not_compare(score, tmp_path):
    one = score(TWO_TO_ONE)
    other = score(IMPOSSIBLE.replace('"miss"', '"leave-out"'), Four("other"))
    with pytest.raises(ResultsError, match="they differ in classes left out by a class map"):
        rs.compare(str(one.path), str(other.path))


def test_a_comparison_names_the_maps_and_why_a_score_is_missing(score, toy, tmp_path):
    about = {"classes": FOUR, "mean": (0.0,) * 3, "std": (1.0,) * 3}
    one = score(TWO_TO_ONE, Levels(), name="one", **about)
    two = score(IGNORING, Levels(), name="two", **about)
    table = rs.compare(str(one.path), str(two.path))
    reasons = set(table[(table["kind"] == "nll") & (table["score"] == "clean")]["reason"])
    assert reasons == {
        "A and B: no nll: a class map is used, so the probability of the true class is unknown"
    }


def test_shards_write_one_run(score, toy, tmp_path):
    whole = score(IGNORING)
    parts = {
        score(IGNORING, shard=Shard(number, 2), out=tmp_path / "parts").path for number in (1, 2)
    }
    (path,) = parts
    assert path.name == whole.path.name
    one, other = (rs.read_results(each)["matrix"] for each in (whole.path, path))
    assert all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


def test_predictions_in_files_are_mapped(score, toy, tmp_path):
    data, folder = toy(), tmp_path / "p"
    folder.mkdir()
    names = json.dumps(FOUR)
    text = f'name = "files"\nids = "train ids"\nclasses = {names}\n'
    (folder / "predictions.toml").write_text(text)
    for index, name in enumerate(data.ids):
        path = folder / "clean/0" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(Four()(data.image(index))).save(path)
    run = score(IGNORING, f"predictions:{folder}", corruptions=("clean",))
    own = score(IGNORING)
    files, called = (list(clean(each)["matrix"]) for each in (run, own))
    assert all(np.array_equal(*pair) for pair in zip(files, called, strict=True))


def test_pictures_and_saved_predictions_have_no_class(score, toy, tmp_path):
    run = score(IGNORING, save_predictions=tmp_path / "p")
    saved = np.asarray(Image.open(tmp_path / "p/four/clean/0/val/0.png"))
    kept = np.asarray(Image.open(run.path / "pictures/clean-0.png"))
    blue = Four()(toy().image(0)) == 3
    assert (saved[blue] == 255).all()
    assert set(np.unique(saved[~blue])) <= {0, 1, 2}
    assert np.array_equal(kept, saved)


def test_a_complete_run_keeps_the_hardest_images(score, toy):
    text = IMPOSSIBLE.replace('"miss"', '"leave-out"').replace('blue = "dark"', 'blue = "ignore"')
    protocol = rs.load_protocol("semsegbench-sev3")
    run = score(text, protocol=protocol.name, corruptions=(), severities=())
    found = hardest_images(read_counts(run.path, [CONFUSION]), protocol)
    assert found
    for hard in found:
        files = PictureFiles.of_run(run.path).of_hardest(hard.image, hard.worst)
        sample = toy()[toy().ids.index(hard.image)]
        seen = corrupt(sample.image, hard.worst.name, hard.worst.severity, image_id=hard.image)
        labels = np.uint8([0, 1, 1, 255])[Four()(seen)]
        truth = np.where(sample.labels == 2, 255, sample.labels)
        for kind, expected in (("prediction", labels), ("truth", truth)):
            picture = Image.open(getattr(files, kind))
            assert np.array_equal(np.asarray(picture), expected), kind


def test_pieces_that_do_not_fit_are_one_line(score, toy, reds, tmp_path):
    with pytest.raises(
        ModelError, match=r"reds predicts 3 classes \(dark.*class map own maps from 4"
    ):
        score(TWO_TO_ONE, reds())
    swapped = TWO_TO_ONE.replace('["black", "grey"', '["grey", "black"')
    with pytest.raises(ModelError, match="classes, in the same order"):
        score(swapped)
    with pytest.raises(
        ModelError, match=r"the class map own maps to 3 classes .*, but toy has 2 classes"
    ):
        score(TWO_TO_ONE, dataset=toy(classes=("dark", "bright")))
    with pytest.raises(
        ModelError, match=r"trained on this dataset's classes, or give a class map$"
    ):
        rs.evaluate(model=Four(), dataset=toy(), out=tmp_path / "runs")
    with pytest.raises(CardError, match="unknown class map 'nothing'"):
        rs.evaluate(model=Four(), dataset=toy(), class_map="nothing", out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_published_score_is_of_the_models_own_classes(score, toy, monkeypatch):
    monkeypatch.setattr(
        "robustbench_seg.evaluation.inputs.evaluation.published_images", {"toy": 6}.get
    )
    about = {"published": {"miou": 31.0, "source": "the paper"}, "published_on": "toy"}
    model = Four()
    model.about = about
    assert score(TWO_TO_ONE, model).record.published is None
    (plain,) = rs.evaluate(
        model=Reds(about=about), dataset=toy(), out=score(TWO_TO_ONE).path.parent, **SMALL
    )
    assert plain.record.published.miou == 31


def test_a_shipped_map_that_fits_is_named(toy, tmp_path):
    data = toy(classes=rs.class_names("camvid"))
    with pytest.raises(ModelError, match="or give a class map, such as cityscapes-to-camvid"):
        rs.evaluate(model="segformer-b0-minicity", dataset=data, out=tmp_path / "runs")


def test_the_format_of_a_server_has_no_value_for_no_class(toy, tmp_path):
    classes = rs.class_names("cityscapes")
    lines = [f'"{name}" = "{name}"' for name in classes] + ['other = "ignore"']
    names = json.dumps([*classes, "other"])
    text = f'model = {names}\ndataset = "cityscapes"\n[map]\n' + "\n".join(lines)
    path = _written(tmp_path, text)
    with pytest.raises(OptionError, match="ignores other, and the prediction format cityscapes"):
        rs.evaluate(
            model=Reds(classes=(*classes, "other")),
            dataset=Frames(classes=classes),
            class_map=path,
            save_predictions=tmp_path / "p",
            prediction_format="cityscapes",
            out=tmp_path / "runs",
        )


class Frames:
    """A dataset with the file names of Cityscapes, of which no image is read."""

    name, split, clip, palette, fingerprint = "frames", "val", 1, (), {}
    ids = ("a_000000_000019_leftImg8bit.png",)

    def __init__(self, classes):
        self.classes = classes

    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise AssertionError

    image = first = __getitem__


def test_attacks_are_refused(score):
    about = {"classes": FOUR, "mean": (0.0,) * 3, "std": (1.0,) * 3, "name": "levels"}
    asked = {"protocol": "attacks", "corruptions": ("cospgd",), "severities": (1,)}
    with pytest.raises(
        OptionError, match="cospgd needs the true class among the classes of the mo"
    ):
        score(TWO_TO_ONE, Levels(), **asked, **about)


def test_the_classes_that_have_no_score_are_listed(score, caplog):
    text = IMPOSSIBLE.replace('"miss"', '"leave-out"').replace('blue = "dark"', 'blue = "ignore"')
    with caplog.at_level(logging.INFO):
        score(text)
    assert (
        "class map own: 4 classes to 3; ignored predictions: blue; left out: bright" in caplog.text
    )
    assert "no true pixel" not in caplog.text, "a class that is left out is not absent"


def _written(folder, text):
    path = folder / "own.toml"
    path.write_text(text)
    return path
