import numpy as np
import pytest
from PIL import Image

import robustbench_seg as rs
from robustbench_seg.errors import DatasetError, ResultsError
from robustbench_seg.store import read_results
from robustbench_seg.store.run_paths import find_runs
from tests.evaluation.conftest import evaluate


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture), picture.mode, picture.getpalette()


def test_every_prediction_is_kept_as_class_indices(toy, reds, protocol, conditions, tmp_path):
    evaluate(
        [reds()], toy(2), protocol, conditions, tmp_path / "r", save_predictions=tmp_path / "p"
    )
    files = {path.relative_to(tmp_path / "p").as_posix() for path in tmp_path.glob("p/**/*.png")}
    pairs = [("clean", 0), *((c.name, c.severity) for c in conditions)]
    assert files == {f"reds/{c}/{s}/val/{i}.png" for c, s in pairs for i in range(2)}
    seen, mode, palette = read(tmp_path / "p/reds/clean/0/val/1.png")
    assert mode == "P"
    assert palette[:9] == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert np.array_equal(seen, reds()(toy().image(1)))


def test_predictions_may_lie_beside_runs(toy, reds, protocol, conditions, tmp_path):
    (run,) = evaluate([reds()], toy(2), protocol, conditions, tmp_path, save_predictions=tmp_path)
    assert (tmp_path / "reds/clean/0/val/1.png").exists()
    assert find_runs([tmp_path]) == [run]


def test_predictions_can_be_asked_for_later(toy, reds, protocol, conditions, tmp_path):
    model, options = reds(), {"save_predictions": tmp_path / "p"}
    evaluate([model], toy(2), protocol, conditions, tmp_path / "r")
    before = read_results(tmp_path / "r")
    evaluate([model], toy(2), protocol, conditions, tmp_path / "r", **options)
    assert len(list(tmp_path.glob("p/**/*.png"))) == 10
    assert len(read_results(tmp_path / "r")) == len(before)
    assert len(list(tmp_path.glob("r/*/parts/*"))) == 1, "no row is stored twice"
    (tmp_path / "p/reds/clean/0/val/1.png").unlink()
    model.calls = 0
    evaluate([model], toy(2), protocol, conditions, tmp_path / "r", **options)
    assert model.calls == 1


def test_predictions_of_two_runs_are_never_mixed(toy, reds, protocol, conditions, tmp_path):
    options = {"save_predictions": tmp_path / "p"}
    evaluate([reds()], toy(2), protocol, conditions, tmp_path / "r", **options)
    other = reds(facts={"shift": 1})
    with pytest.raises(ResultsError, match="p/reds holds the predictions of another run; choose"):
        evaluate([other], toy(2), protocol, conditions, tmp_path / "r", **options)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (
            ("val/1.png", "val/1.bmp"),
            "the predictions of val/1.png and val/1.bmp would both be saved as val/1.png; "
            "rename one of the images",
        ),
        (
            ("val/1.png", "val/../../1.png"),
            "the image 'val/../../1.png' points outside its folder or names no file; use no part "
            "that is empty, '.' or '..': its prediction cannot be saved; rename the file",
        ),
        (
            ("/tmp/1.png", "2.png"),
            "the image '/tmp/1.png' points outside its folder or names no file; use no part that "
            "is empty, '.' or '..': its prediction cannot be saved; rename the file",
        ),
    ],
)
def test_images_without_a_file_of_their_own_are_refused_before_a_model_is_loaded(
    toy, tmp_path, monkeypatch, ids, message
):
    def never(*_, **__):
        raise AssertionError("a model is loaded")

    monkeypatch.setattr("robustbench_seg.evaluation.inputs.opening.load_named", never)
    monkeypatch.setattr(toy, "ids", ids)
    options = {"model": "segformer-b0-minicity", "dataset": toy(2), "out": tmp_path / "r"}
    with pytest.raises(DatasetError) as caught:
        rs.evaluate(**options, save_predictions=tmp_path / "p")
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(
        AssertionError, match="a model is loaded"
    ):  # without predictions the evaluation loads a model
        rs.evaluate(**options)
