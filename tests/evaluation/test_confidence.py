"""`evaluate` with confidence: who gives it, what is counted, and the temperature."""

import json

import numpy as np
import pytest
import scipy.optimize
import torch
from torch import nn

import robustbench_seg as rs
from robustbench_seg.errors import (
    DatasetError,
    IncompleteError,
    ModelError,
    OptionError,
    ResultsError,
)
from robustbench_seg.evaluation import temperature_fit
from robustbench_seg.evaluation.temperature_fit import GRID, best_temperature
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.results import Reference, read_model
from robustbench_seg.results.comparisons.model_comparison import compare_models
from robustbench_seg.store import model_runs, read_results

CLASSES = ("dark", "middle", "bright")
SOME = {"corruptions": "gaussian_noise", "severities": (1, 3)}


class Levels(nn.Module):
    """Logits by the distance of red from three levels."""

    def __init__(self, sharpness=40.0):
        super().__init__()
        self.register_buffer("sharpness", torch.tensor(sharpness))

    def forward(self, images):
        centres = torch.tensor([0.1, 0.47, 0.733])[:, None, None]
        return -self.sharpness * (images[:, :1] - centres).abs()


@pytest.fixture
def levels(toy, tmp_path):
    def run(network=None, data=None, **options):
        given = {"classes": CLASSES, "mean": (0.0,) * 3, "std": (1.0,) * 3, "name": "levels"}
        (found,) = rs.evaluate(
            model=network or Levels(),
            dataset=data or toy(),
            out=tmp_path / "runs",
            **(given | SOME | options),
        )
        return found

    return run


def by_hand(data, index, sharpness, temperature=1.0):
    """NLL over the scored pixels and the confidence of right and wrong ones, in float64."""
    sample = data[index]
    red = torch.from_numpy(sample.image[..., 0] / 255.0)
    centres = torch.tensor([0.1, 0.47, 0.733], dtype=torch.float64)[:, None, None]
    logs = (-sharpness * (red - centres).abs() / temperature).log_softmax(0).numpy()
    scored = sample.labels != 255
    own = np.take_along_axis(logs, np.where(scored, sample.labels, 0)[None].astype(int), 0)[0]
    right = logs.argmax(0)[scored] == sample.labels[scored]
    return -own[scored].sum(), np.exp(logs.max(0)[scored]), right


def test_what_is_counted_of_an_image(levels, toy):
    data, run = toy(), levels()
    table = run.results()
    assert "confidence_t" not in table
    clean = table[table["corruption"] == "clean"].set_index("image")
    for index, name in enumerate(data.ids):
        nll, p, right = by_hand(data, index, 40.0)
        counts = clean["confidence"][name]
        assert counts[:991].sum() == right.sum()
        assert counts[991:1982].sum() == (~right).sum()
        assert counts[1982:1997].sum() * 2.0**-20 == pytest.approx(p.sum())
        assert counts[1997] * 2.0**-20 == pytest.approx(nll, rel=1e-5)
        assert counts[1999] == right.size
    scores = rs.scores(run.path).set_index(["metric", "corruption", "severities"])["value"]
    everything = [by_hand(data, index, 40.0) for index in range(len(data))]
    pixels = sum(right.size for _, _, right in everything)
    expected = sum(nll for nll, _, _ in everything) / pixels
    assert scores["nll"]["clean"]["0"] == pytest.approx(expected, rel=1e-5)
    assert {"ece", "auroc", "prr", "image_miou"} <= set(scores.index.get_level_values(0))
    assert not any(name.endswith("_t") for name in scores.index.get_level_values(0))


def test_confidence_is_added_to_a_run_that_lacks_it(levels):
    first = levels(measures="confusion")
    matrices = first.results().set_index(["image", "corruption", "severity"])["matrix"]
    again = levels()
    assert again.path == first.path
    table = again.results().set_index(["image", "corruption", "severity"])
    assert table["confidence"].notna().all()
    for key, matrix in matrices.items():
        assert np.array_equal(table["matrix"][key], matrix)


def test_a_model_of_labels_has_none_and_is_not_asked_again(toy, reds, tmp_path):
    model, options = reds(), {"dataset": toy(), "out": tmp_path, **SOME}
    (run,) = rs.evaluate(model=model, version="1", **options)
    assert "confidence" not in run.results()
    assert run.record.about.no_confidence == "it returns only labels"
    calls = model.calls
    rs.evaluate(model=model, version="1", **options)
    assert model.calls == calls
    message = r"reds does not support confidence \(it returns only labels\); choose other measures"
    with pytest.raises(ModelError, match=message):
        rs.evaluate(model=model, version="1", measures="confidence", **options)


def test_a_comparison_says_why_one_model_has_none(levels, toy, reds, tmp_path):
    run = levels()
    (other,) = rs.evaluate(model=reds(), version="1", dataset=toy(), out=tmp_path / "r", **SOME)
    protocol = load_protocol()
    models = [read_model([path], protocol, resamples=10) for path in (run.path, other.path)]
    table = compare_models(*models, protocol, Reference.of_model(models[1]))
    rows = table.set_index(["kind", "score"])
    assert rows["A"]["ece"]["clean"] > 0
    assert rows["reason"]["ece"]["clean"] == "B: no ece: it returns only labels"
    assert "ece_t" not in rows.index.get_level_values(0), "neither was asked for"


class Sure:
    """Returns labels with its own confidence."""

    name, version, classes, confidence = "sure", "1", CLASSES, True

    def __init__(self, sure=0.8):
        self.sure = sure

    def __call__(self, image):
        labels = np.minimum(image[..., 0] // 86, 2)
        return labels, np.full(labels.shape, self.sure)


def test_a_callable_may_answer_confidence(toy, tmp_path):
    options = {"dataset": toy(), "out": tmp_path, "temperature": 2.0, **SOME}
    (run,) = rs.evaluate(model=Sure(), **options)
    scores = rs.scores(run.path).set_index(["metric", "corruption", "severities"])["value"]
    assert scores["ece"]["clean"]["0"] == pytest.approx(20, abs=1e-4)
    assert np.isnan(scores["nll"]["clean"]["0"])
    assert "ece_t" not in scores.index.get_level_values(0), "without logits"
    assert run.record.key.temperature is None


@pytest.mark.parametrize(
    ("sure", "message"),
    [
        (1.5, "returns a confidence outside of 0 to 1"),
        (np.nan, "returns a confidence outside of 0 to 1"),
        (1, "returns confidence int64 of 40x48; expected floats 0 to 1"),
    ],
)
def test_a_wrong_confidence_is_named(toy, tmp_path, sure, message):
    with pytest.raises((ModelError, IncompleteError), match=message):
        rs.evaluate(model=Sure(sure), dataset=toy(), out=tmp_path, **SOME)


def test_a_temperature_is_counted_beside_the_raw_confidence(levels, toy):
    raw, run = levels(), levels(temperature=2.5)
    assert run.path != raw.path, "it is part of the key"
    assert run.record.key.temperature.values == (2.5,)
    data, table = toy(), run.results()
    clean = table[table["corruption"] == "clean"].set_index("image")
    for index, name in enumerate(data.ids):
        nll, p, _ = by_hand(data, index, 40.0, 2.5)
        assert clean["confidence_t"][name][1997] * 2.0**-20 == pytest.approx(nll, rel=1e-5)
        assert clean["confidence_t"][name][1982:1997].sum() * 2.0**-20 == pytest.approx(p.sum())
    earlier = raw.results()["confidence"]
    assert all(map(np.array_equal, table["confidence"], earlier)), "the raw one stays"
    (difference,) = raw.record.differences(run.record)
    assert (difference.name, difference.one, difference.other) == ("temperature", "none", "2.5")
    assert difference.noted
    names = set(rs.scores(run.path)["metric"])
    assert {"ece", "ece_t", "auroc_t", "prr_t"} <= names


def test_each_half_has_the_temperature_of_the_other(levels, toy, monkeypatch):
    data, run = toy(), levels(temperature="fit")
    found = run.record.key.temperature
    assert found.fitted_on == "val"
    assert found.images == (data.ids[3:], data.ids[:3])
    for value, places in zip(found.values, (range(3, 6), range(3)), strict=True):

        def loss(log, places=places):
            return sum(by_hand(data, index, 40.0, np.exp(log))[0] for index in places)

        best = scipy.optimize.minimize_scalar(loss, bounds=(-0.6, 2), method="bounded")
        assert value == pytest.approx(np.exp(best.x), rel=0.01)
    assert found.values[0] != found.values[1]
    table = run.results()
    clean = table[table["corruption"] == "clean"].set_index("image")
    for index, value in ((0, found.values[0]), (5, found.values[1])):
        nll, _, _ = by_hand(data, index, 40.0, value)
        counts = clean["confidence_t"][data.ids[index]]
        assert counts[1997] * 2.0**-20 == pytest.approx(nll, rel=1e-5)
    monkeypatch.setattr(temperature_fit, "_fit", None)  # a second start reads the fitted value
    assert levels(temperature="fit").path == run.path
    (file,) = (run.path.parent / "temperatures").iterdir()
    assert json.loads(file.read_text())["values"] == list(found.values)
    file.write_text("{}")
    with pytest.raises(ResultsError, match=r"cannot be read .*; remove this file"):
        levels(temperature="fit")


def test_a_single_image_has_no_other_half(levels, toy):
    with pytest.raises(DatasetError, match=r"1 image and no train split .*; give it as a number"):
        levels(data=toy(1), temperature="fit")


def test_the_train_split_is_taken_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(temperature_fit, "MAX_FIT_IMAGES", 2)
    (run,) = rs.evaluate(
        model="segformer-b0-minicity",
        dataset="minicity",
        limit=1,
        corruptions="clean",
        temperature="fit",
        out=tmp_path,
    )
    found = run.record.key.temperature
    assert found.fitted_on == "train"
    (images,) = found.images
    assert len(images) == 2
    assert not set(images) & set(read_results(run.path)["image"])
    assert 0.5 < found.values[0] < 3
    assert model_runs(run.record.model, tmp_path) == [run.path]


def test_the_least_loss_between_and_at_the_ends_of_the_grid():
    logs = np.log2(GRID)
    for best in (0.13, 0.6, 1.77, 2.9):
        losses = 1 + (np.exp(logs - best) - (logs - best)) ** 2
        assert best_temperature(losses) == pytest.approx(2**best, rel=0.01)
    assert best_temperature(GRID) == GRID[0]
    assert best_temperature(-GRID) == GRID[-1]


@pytest.mark.parametrize("value", [0, -1.0, "warm", float("nan")])
def test_other_temperatures_are_refused(levels, value):
    with pytest.raises(OptionError, match=r"temperature = .* is not valid; give 0.01 to 100, or"):
        levels(temperature=value)
