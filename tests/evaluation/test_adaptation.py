"""`evaluate --adapt bn`: statistics of each condition, whatever the order, shards and starts."""

import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

import robustbench_seg as rs
from robustbench_seg.corruption import corrupt
from robustbench_seg.datasets import minicity
from robustbench_seg.errors import IncompleteError, ModelError, OptionError, ResultsError
from robustbench_seg.evaluation.predictions import adaptation
from robustbench_seg.evaluation.predictions.adaptation_images import (
    adaptation_images,
    clean_segmenter,
)
from robustbench_seg.evaluation.ray_executor import run_block
from robustbench_seg.measures import confusion_matrix
from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec
from robustbench_seg.records.values.adaptation import Adaptation
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.segmenter import AdaptedSegmenter
from tests.evaluation.conftest import CLASSES, Toy

SOME = {"corruptions": ("contrast", "gaussian_noise"), "severities": (1, 4)}
KEYS = ("image", "corruption", "severity")


class Normed(nn.Module):
    """Logits of three classes by the level of red, relative to BatchNorm's statistics."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.norm.running_mean.fill_(0.5)
        self.norm.running_var.fill_(0.08)

    def forward(self, images):
        centres = torch.tensor([-1.1, 0.0, 1.1])[:, None, None]
        return -40 * (self.norm(images)[:, :1] - centres).abs()


@dataclass
class Reversed(Toy):
    """The toy's images in the opposite order."""

    @property
    def ids(self):
        return super().ids[::-1]

    def __getitem__(self, index):
        return super().__getitem__(self.count - 1 - index)

    def image(self, index):
        return super().image(index)


@pytest.fixture
def normed(tmp_path):
    def run(data=None, out="runs", **options):
        given = {"classes": CLASSES, "mean": (0.0,) * 3, "std": (1.0,) * 3, "name": "normed"}
        given |= {"adapt": "bn", "measures": "confusion"} | SOME
        dataset = data or Toy()
        (found,) = rs.evaluate(
            model=Normed(), dataset=dataset, out=tmp_path / out, **(given | options)
        )
        return found

    return run


def matrices(run):
    return {
        tuple(getattr(row, key) for key in KEYS): row.matrix.tolist()
        for row in run.results().itertuples()
        if row.matrix is not None
    }


def image_of(data, place, condition):
    sample = data[place]
    name, severity = condition
    if name == "clean":
        return sample
    return replace(sample, image=corrupt(sample.image, name, severity, image_id=sample.id))


def by_hand(data, places, prior=0.0):
    """The matrices, from the mean and variance of the pixels of the images at `places`."""
    expected = {}
    conditions = [(name, severity) for name in SOME["corruptions"] for severity in (1, 4)]
    for condition in [("clean", 0), *conditions]:
        reds = np.stack([image_of(data, place, condition).image[..., 0] for place in places]) / 255
        share = len(places) / (len(places) + prior)
        mean = share * reds.mean() + (1 - share) * 0.5
        var = share * reds.var() + (1 - share) * 0.08
        for place in range(len(data)):
            sample = image_of(data, place, condition)
            red = (sample.image[..., 0] / 255 - mean) / np.sqrt(var + 1e-5)
            logits = -np.abs(red - np.array([-1.1, 0, 1.1])[:, None, None])
            labels = logits.argmax(0).astype(np.uint8)
            matrix = confusion_matrix(sample.labels, labels, 3)
            expected[(sample.id, *condition)] = matrix.tolist()
    return expected


@pytest.mark.parametrize(
    ("options", "places", "prior"),
    [
        ({"adapt_images": "all"}, range(6), 0),
        ({}, range(6), 0),
        ({"adapt_images": 3}, (0, 2, 5), 0),
        ({"adapt_images": 2, "adapt_prior": 6}, (0, 5), 6),
    ],
    ids=["all", "all there are", "some", "with a prior"],
)
def test_each_condition_has_the_statistics_of_its_images(normed, options, places, prior):
    run = normed(**options)
    assert matrices(run) == by_hand(Toy(), places, prior)


def test_off_by_default_and_a_model_of_its_own(normed):
    plain, adapted = normed(adapt=None), normed()
    assert (plain.record.model, adapted.record.model) == ("normed", "normed-bn")
    assert plain.record.key.segmenter.adaptation is None
    assert adapted.record.key.segmenter.adaptation == Adaptation("bn", 16, 0.0)
    assert matrices(plain) != matrices(adapted)
    differences = {one.name: one for one in plain.record.differences(adapted.record)}
    assert differences["adaptation"].one == "none"
    assert differences["adaptation"].other == "BatchNorm statistics of 16 images"
    assert differences["adaptation"].noted
    assert not any(one.of_images for one in differences.values())
    others = [normed(adapt_images=3), normed(adapt_prior=2.0)]
    assert len({run.path for run in [plain, adapted, *others]}) == 4


def test_the_order_of_the_images_does_not_matter(normed):
    turned = normed(Reversed(), "turned", adapt_images="all")
    assert Reversed().ids == Toy().ids[::-1]
    assert matrices(turned) == matrices(normed(adapt_images="all"))


def test_shards_and_interrupted_starts_give_the_same_rows(normed, monkeypatch):
    whole = matrices(normed(adapt_images=3))
    calls = []
    real = adaptation.adapt
    monkeypatch.setattr(adaptation, "adapt", lambda *given: calls.append(1) or real(*given))
    first = normed(out="parts", adapt_images=3, shard=Shard(2, 2))
    assert len(calls) == 5, "clean and four conditions, once each"
    assert len(matrices(first)) == 2 * 5
    run = normed(out="parts", adapt_images=3, shard=Shard(1, 2))
    assert len(calls) == 5, "the second shard reads what the first has computed"
    assert matrices(run) == whole
    normed(out="more", adapt_images=3, corruptions="contrast", severities=4)
    assert matrices(normed(out="more", adapt_images=3)) == whole


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"seeds": 0}, {"seeds": 1}),
        ({"adapt_images": 2}, {"adapt_images": "all"}),
        ({"data": Toy(4)}, {"data": Toy(5)}),
    ],
    ids=["seed", "images to adapt to", "dataset"],
)
def test_other_runs_in_a_folder_have_statistics_of_their_own(normed, tmp_path, first, second):
    one, other = normed(**first), normed(**second)
    assert len({path.parent for path in (tmp_path / "runs/statistics").glob("*/*")}) == 2
    assert matrices(other) == matrices(normed(**second, out="alone"))
    assert matrices(other) != matrices(one)


def test_images_of_a_tree_are_used_where_they_are_scored(normed, tree, protocol):
    conditions = protocol.conditions(SOME["corruptions"], SOME["severities"])
    folder = tree(Toy(), conditions)
    assert matrices(normed(out="tree", corrupted=folder)) == matrices(normed())


def test_an_image_that_cannot_be_read_leaves_conditions_out_until_it_can(normed, monkeypatch):
    tried, choose = [], adaptation.adaptation_images
    monkeypatch.setattr(
        adaptation, "adaptation_images", lambda *given: tried.append(1) or choose(*given)
    )
    with pytest.raises(
        IncompleteError, match=r"no BatchNorm statistics for clean 0: val/2\.png: the im"
    ):
        normed(Toy(broken=(2,)), adapt_images="all")
    assert len(tried) == 5, "clean and four conditions, not once for each image"
    assert matrices(normed(adapt_images="all")) == by_hand(Toy(), range(6))


def test_a_damaged_file_of_statistics_is_one_line(normed, tmp_path):
    normed(corruptions="clean", limit=3)
    (file,) = (tmp_path / "runs/statistics").glob("*/clean-0.safetensors")
    for content in (b"", file.read_bytes()[:-4]):
        file.write_bytes(content)
        for run in (tmp_path / "runs").glob("normed*"):
            for part in (run / "parts").iterdir():
                part.unlink()
        with pytest.raises(IncompleteError, match=r"clean-0\.safetensors cannot be read .*remove"):
            normed(corruptions="clean", limit=3)


def test_statistics_of_another_network_are_refused(tmp_path):
    from robustbench_seg.evaluation.predictions.statistics_file import (
        read_statistics,
        write_statistics,
    )

    given = {"classes": CLASSES, "mean": (0.0,) * 3, "std": (1.0,) * 3, "adapt": "bn"}
    segmenter = rs.load_segmenter(Normed(), name="normed", **given)
    good = {"network.norm": (torch.zeros(3), torch.ones(3))}
    path = tmp_path / "x.safetensors"
    write_statistics(path, good)
    read = read_statistics(path, segmenter)
    assert torch.equal(read["network.norm"][1], torch.ones(3))
    for bad in (
        {"other": good["network.norm"]},
        {"network.norm": (torch.zeros(2), torch.ones(2))},
        {"network.norm": (torch.zeros(3), -torch.ones(3))},
        {"network.norm": (torch.full((3,), torch.nan), torch.ones(3))},
    ):
        write_statistics(path, bad)
        with pytest.raises(ResultsError, match=r"x\.safetensors cannot be read .*remove this file"):
            read_statistics(path, segmenter)


@pytest.mark.parametrize(
    ("images", "places"), [(1, (0,)), (2, (0, 5)), (4, (0, 2, 3, 5)), (9, range(6))]
)
def test_the_images_to_adapt_to_are_evenly_spaced(images, places):
    given = {"classes": CLASSES, "mean": (0.0,) * 3, "std": (1.0,) * 3, "adapt": "bn"}
    segmenter = rs.load_segmenter(Normed(), name="normed", adapt_images=images, **given)
    assert adaptation_images(segmenter, Toy()) == tuple(places)


def test_a_temperature_is_fitted_on_the_adapted_network(normed):
    given = {"classes": CLASSES, "mean": (0.0,) * 3, "std": (1.0,) * 3, "adapt": "bn"}
    segmenter = rs.load_segmenter(Normed(), name="normed", adapt_images=3, **given)
    assert adaptation_images(segmenter, Toy()) == (0, 2, 5)
    adapted = clean_segmenter(segmenter, Toy())
    assert isinstance(adapted, AdaptedSegmenter)
    pixels = np.stack([Toy().image(place) for place in (0, 2, 5)]) / 255
    mean, variance = adapted.statistics["network.norm"]
    assert np.allclose(mean, pixels.mean((0, 1, 2)), atol=1e-5)
    assert np.allclose(variance, pixels.var((0, 1, 2)), atol=1e-5)
    options = {"corruptions": "clean", "measures": (), "temperature": "fit"}
    values = [normed(adapt=how, **options).record.key.temperature.values for how in ("bn", None)]
    assert values[0] != values[1]


def test_confidence_and_pictures_come_from_the_adapted_network(normed, tmp_path):
    run = normed(measures=("confusion", "confidence"), save_predictions=tmp_path / "seen")
    assert matrices(run) == by_hand(Toy(), range(6))


def test_a_task_of_a_cluster_computes_them_too(tmp_path, monkeypatch):
    small = minicity.Minicity("val", (96, 192))
    monkeypatch.setattr(minicity, "open_minicity", lambda *_: small)
    spec = EvaluationSpec(
        ("deeplabv3plus-mobilenetv2-minicity",),
        dataset="minicity",
        limit=2,
        corruptions=("contrast",),
        severities=(5,),
        measures=("confusion",),
        adapt="bn",
        augment="flip",
        out=tmp_path / "here",
    )
    (here,) = rs.evaluate(spec)
    there = replace(pickle.loads(pickle.dumps(spec)), out=tmp_path / "there")
    folder = tmp_path / "there" / here.path.name
    assert run_block(replace(there, shard=Shard(1, 1)), folder) == {}
    assert matrices(rs.Run(folder)) == matrices(here)
    assert here.record.model == "deeplabv3plus-mobilenetv2-minicity-bn"
    assert here.record.published is None
    names = sorted(path.name for path in (tmp_path / "there/statistics").glob("*/*"))
    assert names == ["clean-0.safetensors", "contrast-5.safetensors"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"adapt": "bm"}, "unknown adaptation 'bm'. Known: bn"),
        ({"adapt": "bn", "adapt_images": 0}, "adapt_images = 0 is not valid; give 1 to"),
        ({"adapt": "bn", "adapt_images": "al"}, "adapt_images = 'al' is not valid; .* or all"),
        ({"adapt": "bn", "adapt_prior": -1.0}, "prior = -1.0 is out of range; give 0 to"),
        ({"adapt_images": 3}, "adapt_images and adapt_prior need adapt; also give adapt bn"),
        ({"augment": "1.25,flip"}, "write augment as flip,1.25"),
        ({"augment": "flop"}, "'flop' is neither flip nor a scale"),
    ],
)
def test_a_specification_that_asks_for_something_else(options, message):
    with pytest.raises(OptionError, match=message):
        EvaluationSpec(("m",), **options)


def test_a_segmenter_that_is_loaded_already_is_refused(normed):
    given = {"classes": CLASSES, "mean": (0.0,) * 3, "std": (1.0,) * 3}
    segmenter = rs.load_segmenter(Normed(), name="normed", **given)
    with pytest.raises(ModelError, match="normed is already loaded; give adapt to load_segmenter"):
        rs.evaluate(model=segmenter, dataset=Toy(), adapt="bn")


def test_attacks_of_an_adapted_network_are_refused(normed):
    with pytest.raises(OptionError, match=r"normed-bn cannot be adapted to pgd.*: attacked images"):
        normed(protocol="attacks", corruptions="pgd", severities=(1,))
