"""predictions:FOLDER: equal to the model that made them, and never a wrong score."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import robustbench_seg as rs
from robustbench_seg.errors import (
    DatasetError,
    IncompleteError,
    ModelError,
    OptionError,
    ResultsError,
)
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.segmenter import (
    SegmenterOptions,
    load_named,
    load_segmenter,
    stored_predictions,
)

COLUMNS = ("matrix", "image_miou", "boundary", "boundary_iou", "objects")


def rows(run):
    """What each measure observed, by image, corruption and severity."""
    table = run.results().set_index(["image", "corruption", "severity"]).sort_index()
    return {
        key: {name: np.asarray(row[name]).tolist() for name in table.columns}
        for key, row in table.iterrows()
    }


def counts(run):
    return {
        key: [row[name] for name in COLUMNS]
        for key, row in rows(run).items()
        if row["matrix"] is not None  # left out
    }


def test_saved_predictions_scored_again_give_equal_counts(levels, stored, toy):
    first, second = levels(), stored()
    assert counts(first) == counts(second)
    assert len(counts(first)) == 6 * 5
    confidence = [
        {key: np.array(row["confidence"]) for key, row in rows(r).items()} for r in (first, second)
    ]
    for key, one in confidence[0].items():
        other = confidence[1][key]
        pixels = one[:1982].sum()
        assert other[:991].sum() == one[:991].sum()
        sums = [found[1982:1997].sum() * 2.0**-20 for found in (one, other)]
        assert abs(sums[0] - sums[1]) <= pixels / 131070 + 1e-6
        assert other[1997:].tolist() == [0, 0, 0], "neither NLL nor Brier score without logits"


def test_the_confidence_of_each_pixel_is_the_nearest_level(levels, toy, folder):
    levels(1, corruptions="clean", severities=())
    sample = toy(1)[0]
    red = torch.from_numpy(sample.image[..., 0] / 255.0)
    centres = torch.tensor([0.1, 0.47, 0.733], dtype=torch.float64)[:, None, None]
    expected = (-40 * (red - centres).abs()).softmax(0).max(0).values.numpy()
    with Image.open(folder / "clean/0/val/0.confidence.png") as file:
        saved_levels = np.asarray(file).astype(np.int64)
    half = 0.5 / 65535 + 1e-6  # the network computes in float32
    assert np.abs(saved_levels / 65535 - expected).max() < half
    saved = load_named(f"predictions:{folder}", SegmenterOptions()).of(
        "val/0.png", Condition("clean", 0)
    )
    _, (found,) = saved.with_confidence(sample.image, sample.labels, [1.0])
    assert np.abs((1 - found.doubt) - expected).max() < half


def test_confidence_that_was_saved_in_65536_levels_is_read_within_one(toy, folder, levels):
    levels(1, corruptions="clean", severities=())
    sample, path = toy(1)[0], folder / "clean/0/val/0.confidence.png"
    rng = np.random.default_rng(0)
    confidence = np.concatenate([[0, 1, 0.5], rng.random(40 * 48 - 3)]).reshape(40, 48)
    earlier = np.minimum(np.floor(65536 * confidence), 65535).astype(np.uint16)
    Image.fromarray(earlier).save(path)
    saved = load_named(f"predictions:{folder}", SegmenterOptions()).of(
        "val/0.png", Condition("clean", 0)
    )
    _, (found,) = saved.with_confidence(sample.image, sample.labels, [1.0])
    assert np.abs((1 - found.doubt.astype(float)) - confidence).max() <= 1 / 65536 + 1e-7


def test_confidence_is_saved_only_where_it_is_asked_for(levels, stored, folder):
    levels(2, save_confidence=False)
    assert not list(folder.rglob("*.confidence.png"))
    run = stored(2)
    assert "confidence" not in run.results()
    assert run.record.about.no_confidence == "its folder has no confidence"
    levels(2)
    assert len(list(folder.rglob("*.confidence.png"))) == 10, "asked for later, they are added"
    assert len(stored(2).results()["confidence"].dropna()) == 10
    with pytest.raises(
        OptionError, match="confidence is saved next to predictions; also give save_pr"
    ):
        levels(2, save_predictions=None)
    with pytest.raises(OptionError, match="prediction format acdc has no confidence; leave out"):
        levels(2, prediction_format="acdc")


def test_shards_limits_and_restarts_end_in_the_same_rows(levels, stored, tmp_path):
    levels(9)
    whole = counts(stored(9))
    for index in (1, 2):
        halves = stored(9, shard=rs.Shard(index, 2), out=tmp_path / "shards")
    assert counts(halves) == whole
    stored(9, corruptions="contrast", out=tmp_path / "twice")
    assert counts(stored(9, out=tmp_path / "twice")) == whole
    first = counts(stored(9, limit=2, out=tmp_path / "limit"))
    assert first == {key: row for key, row in whole.items() if key[0] in ("val/0.png", "val/1.png")}


def test_a_changed_file_is_never_mixed_with_old_counts(levels, stored, folder, tmp_path):
    levels(2)
    before = counts(stored(2, corruptions="contrast"))
    path = folder / "contrast/4/val/1.png"
    kept = path.read_bytes()
    Image.fromarray(np.zeros((40, 48), np.uint8)).save(path)
    with pytest.raises(ResultsError) as caught:
        stored(2)
    assert str(caught.value) == (
        f"{path} is not the file that was scored in "
        f"{tmp_path}/runs/levels-toy-val-{stored_digest(tmp_path)}; restore it, or write another "
        "version into predictions.toml, which starts a separate run"
    )
    path.write_bytes(kept)
    assert before.items() < counts(stored(2)).items()
    path.unlink()
    stored(2)  # images already scored keep their scores
    Image.fromarray(np.zeros((40, 48), np.uint8)).save(path)
    manifest = folder / "predictions.toml"
    text = manifest.read_text().splitlines()
    manifest.write_text("\n".join('version = "2"' if "version" in line else line for line in text))
    other = stored(2)
    assert counts(other) != before
    assert len(list((tmp_path / "runs").iterdir())) == 2


def stored_digest(tmp_path):
    (run,) = (tmp_path / "runs").iterdir()
    return run.name.rsplit("-", 1)[1]


def test_a_changed_confidence_is_noticed_and_a_new_one_is_added(levels, stored, folder):
    levels(2)
    path = folder / "clean/0/val/0.confidence.png"
    kept = path.read_bytes()
    stored(2, measures="confusion")  # reads no confidence
    path.unlink()
    with pytest.raises(IncompleteError, match=r"val/0.png: levels has no confidence file for it"):
        stored(2)
    path.write_bytes(kept)
    table = stored(2).results()
    assert len(table) == 10
    assert table["confidence"].notna().all()
    Image.fromarray(np.full((40, 48), 9, np.uint16)).save(path)
    with pytest.raises(ResultsError, match=r"val/0.confidence.png is not the file that"):
        stored(2)


def test_a_file_that_changes_during_the_run_is_not_scored(levels, stored, folder, monkeypatch):
    levels(1)
    stored(1, measures="confusion")
    path = folder / "clean/0/val/0.png"
    monkeypatch.setattr(
        "robustbench_seg.evaluation.predictions.predictions.check_unchanged",
        lambda *_: Image.fromarray(np.zeros((40, 48), np.uint8)).save(path),
    )
    with pytest.raises(IncompleteError, match=r"clean/0/val/0.png is not the file that"):
        stored(1)


def test_missing_files_are_named_and_nothing_else_is_lost(levels, stored, folder, caplog):
    levels(12)
    expected = counts(stored(12))
    away = folder.parent / "away"
    away.mkdir()
    shutil.move(folder / "gaussian_noise/1", away / "whole")
    for index in range(9):  # more in a row than the limit of failures
        shutil.move(folder / f"contrast/4/val/{index}.png", away / f"{index}.png")
    runs = folder.parents[1] / "again"
    with pytest.raises(IncompleteError) as caught:
        stored(12, out=runs)
    assert len(caught.value.reasons) == 10
    assert f"val/0.png: {folder}/contrast/4/val/0.png is missing" in caught.value.reasons
    assert f"{folder} has no predictions for gaussian_noise/1" in caught.value.reasons
    assert "left out: val/8.png" in caplog.text
    (path,) = runs.iterdir()
    found = counts(rs.Run(path))
    assert found == {
        key: row
        for key, row in expected.items()
        if key[1:] != ("gaussian_noise", 1)
        and not (key[1:] == ("contrast", 4) and int(key[0][4:-4]) < 9)
    }
    scores = rs.scores(path)
    assert "gaussian_noise" not in set(scores.loc[scores["severities"] == "1", "corruption"])
    shutil.move(away / "whole", folder / "gaussian_noise/1")
    for index in range(9):
        shutil.move(away / f"{index}.png", folder / f"contrast/4/val/{index}.png")
    assert counts(stored(12, out=runs)) == expected


def test_label_ids_and_train_ids_give_equal_counts(tmp_path):
    root = tmp_path / "city"
    rs.write_minicity(root, "val", (96, 192), 2)
    data = rs.open_dataset("cityscapes", root)
    lines = 'name = "x"\ndataset = "cityscapes"\nids = "{} ids"\n'
    for kind in ("train", "label"):
        for index, name in enumerate(data.ids):
            labels = np.where(data[index].labels == 255, 0, data[index].labels)
            known = np.flatnonzero(data.files.table < 19)
            ids = labels if kind == "train" else known[np.argsort(data.files.table[known])][labels]
            path = tmp_path / kind / "clean/0" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = Image.fromarray(ids.astype(np.uint16 if index else np.uint8))
            if kind == "train" and not index:
                picture.putpalette([0] * 768)
            picture.save(path)
        (tmp_path / kind / "predictions.toml").write_text(lines.format(kind))
    found = []
    for kind in ("train", "label"):
        options = {"dataset": "cityscapes", "data": root, "corruptions": "clean"}
        (run,) = rs.evaluate(
            model=f"predictions:{tmp_path / kind}", out=tmp_path / kind / "runs", **options
        )
        found.append(counts(run))
        scores = rs.scores(run.path).set_index(["metric", "corruption"])["value"]
        assert scores["miou"]["clean"] == 100
    path = next((tmp_path / "label/clean/0").rglob("*.png"))
    Image.fromarray(np.full((96, 192), 4, np.uint8)).save(path)  # static, which is not scored
    with pytest.raises(IncompleteError, match="no class has the id 4; pred"):
        rs.evaluate(model=f"predictions:{tmp_path / 'label'}", out=tmp_path / "static", **options)
    assert found[0] == found[1]
    (tmp_path / "label/predictions.toml").write_text(lines.format("train"))
    with pytest.raises(IncompleteError) as caught:
        rs.evaluate(model=f"predictions:{tmp_path / 'label'}", out=tmp_path / "wrong", **options)
    assert "predictions.toml says that the file contains train ids, and those of the 19 " in str(
        caught.value
    )


def grey(value, size=(40, 48), kind=np.uint8):
    return Image.fromarray(np.full(size, value, kind))


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (grey(0, (20, 48)), "has 48x20 pixels, its image 48x40; save predictions at the size of"),
        (grey(3), "no class has the id 3; predictions.toml says that the file contains train ids"),
        (grey(3), "train ids, and those of the 3 classes are 0..2"),
        (grey(255), "no class has the id 255;"),
        (grey(300, kind=np.uint16), "no class has the id 300;"),
        (Image.new("RGB", (48, 40)), "the labels are a colour image (mode RGB); expected one cl"),
        (None, "the label file cannot be read (not an image file"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_one_line(levels, stored, folder, picture, message):
    levels(2)
    path = folder / "contrast/1/val/1.png"
    if picture:
        picture.save(path)
    else:
        path.write_bytes(b"none")
    with pytest.raises(IncompleteError) as caught:
        stored(2)
    assert f"val/1.png: levels failed ({path}" in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (grey(0), "the confidence is not a 16-bit grey PNG; save 65535 times the confidence"),
        (grey(0, (20, 48), np.uint16), "has 48x20 pixels, its image 48x40"),
        (Image.new("RGB", (48, 40)), "(the confidence: expected a 16-bit grey PNG)"),
    ],
)
def test_a_confidence_that_is_wrong_is_one_line(levels, stored, folder, picture, message):
    levels(1)
    picture.save(folder / "clean/0/val/0.confidence.png")
    with pytest.raises(IncompleteError) as caught:
        stored(1)
    assert "clean/0/val/0.confidence.png" in str(caught.value)
    assert message in str(caught.value)


def test_several_seeds_and_other_classes_are_refused(levels, stored, toy, folder):
    levels(1)
    with pytest.raises(OptionError, match="holds predictions for the images of one seed; ev"):
        stored(1, seeds=(0, 1))
    with pytest.raises(
        ModelError, match=r"levels predicts 3 classes \(dark, middle, bright\), but toy"
    ):
        stored(data=toy(1, classes=("dark", "bright")))
    with pytest.raises(
        OptionError, match="accepts only the options name, batch; leave out precision"
    ):
        stored(1, precision="bf16")
    with pytest.raises(ModelError, match="exist only for the images of a dataset; score them"):
        load_segmenter(f"predictions:{folder}")


def test_two_images_with_one_file_are_refused(levels, stored, toy, monkeypatch):
    levels(2)
    monkeypatch.setattr(toy, "ids", ("val/1.png", "val/1.bmp"))
    with pytest.raises(DatasetError, match=r"predictions of val/1.png and val/1.bmp would both be"):
        stored(2)


def test_a_file_that_is_replaced_while_it_is_read_is_not_scored(
    levels, stored, folder, monkeypatch
):
    levels(1)
    path, read = folder / "clean/0/val/0.png", stored_predictions.read_label_ids

    def slowly(name):
        ids = read(name)
        if name == path:
            grey(1).save(path)
        return ids

    monkeypatch.setattr(stored_predictions, "read_label_ids", slowly)
    with pytest.raises(IncompleteError, match=r"clean/0/val/0.png changed while it was read; eval"):
        stored(1, measures="confusion")


def test_the_hardest_images_are_pictured(levels, stored, protocol):
    few = replace(protocol, name="few", perturbations=protocol.perturbations[9:10])
    options = {"corruptions": (), "severities": (), "protocol": few}
    first, second = levels(2, **options), stored(2, **options)
    pictures = [
        {path.name: path.read_bytes() for path in (run.path / "pictures/hardest").iterdir()}
        for run in (first, second)
    ]
    assert pictures[0]
    assert pictures[0] == pictures[1]


def test_files_of_no_image_are_named(levels, stored, folder, caplog):
    levels(3)
    shutil.copytree(folder / "contrast/1", folder / "contrats/1")
    (folder / "contrast/1/val/0.png").rename(folder / "contrast/1/val/7.png")
    with pytest.raises(IncompleteError, match=r"contrast/1/val/0.png is missing"):
        stored(3)
    assert (
        f"{folder}: 7 files ignored, because they belong to no image of toy val under "
        "cityscapes-c, such as contrast/1/val/7.png"
    ) in caplog.text
    caplog.clear()
    stored(3, limit=1, corruptions="clean")
    assert "of no image" not in caplog.text
