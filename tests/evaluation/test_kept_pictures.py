from dataclasses import astuple

import numpy as np
from PIL import Image

from robustbench_seg.corruption import corrupt
from robustbench_seg.evaluation.outputs.pictures import keep_pictures
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results import hardest_images
from robustbench_seg.store import PictureFiles, read_counts
from tests.evaluation.conftest import evaluate


def test_the_first_image_is_kept_at_three_severities(toy, reds, protocol, tmp_path):
    conditions = protocol.conditions(["fog", "contrast"])
    (run,) = evaluate([reds()], toy(2), protocol, conditions, tmp_path, workers=2)
    names = {path.relative_to(run / "pictures").as_posix() for path in run.glob("pictures/**/*.*")}
    shown = ["clean-0", *(f"{c}-{s}" for c in ("fog", "contrast") for s in (1, 3, 5))]
    assert names == {
        "truth.png",
        *(f"{name}.png" for name in shown),
        *(f"input/{name}.jpg" for name in shown),
    }
    with Image.open(run / "pictures/clean-0.png") as picture:
        assert picture.mode == "P"
        assert np.array_equal(np.asarray(picture), reds()(toy().image(0)))
    with Image.open(run / "pictures/input/clean-0.jpg") as picture:
        difference = np.asarray(picture).astype(int) - toy().image(0)
    assert np.abs(difference).mean() < 20


def test_the_hardest_images_are_shown_once_all_scores_are_there(toy, reds, protocol, tmp_path):
    data, segmenter = toy(3), reds()
    conditions = protocol.conditions()
    (run,) = evaluate([segmenter], data, protocol, conditions[:-1], tmp_path)
    assert not (run / "pictures" / "hardest").exists()
    evaluate([segmenter], data, protocol, conditions, tmp_path)
    found = hardest_images(read_counts(run), protocol)
    names = {path.name for path in (run / "pictures" / "hardest").iterdir()}
    files = PictureFiles.of_run(run)
    pictures = [files.of_hardest(one.image, one.worst) for one in found]
    assert names == {path.name for each in pictures for path in astuple(each)}
    one, own = found[0], pictures[0]
    index = data.ids.index(one.image)
    made = corrupt(data.image(index), *astuple(one.worst), seed=0, image_id=one.image)
    with Image.open(own.prediction) as picture:
        assert np.array_equal(np.asarray(picture), reds()(made))
    with Image.open(own.truth) as picture:
        assert np.array_equal(np.asarray(picture), data[index].labels)
    calls = segmenter.calls
    evaluate([segmenter], data, protocol, conditions, tmp_path)
    assert segmenter.calls == calls  # existing pictures are not computed again


def test_ignored_pixels_are_black_and_inputs_small(tmp_path):
    image = np.full((300, 600, 3), 200, np.uint8)
    labels = np.zeros((300, 600), np.uint8)
    labels[:10] = 255
    keep_pictures(tmp_path, CLEAN, image, labels, labels, [(9, 9, 9)])
    with Image.open(tmp_path / "pictures/truth.png") as picture:
        assert np.array_equal(np.asarray(picture), labels)
        colours = picture.convert("RGB")
    assert colours.getpixel((0, 0)) == (0, 0, 0)
    assert colours.getpixel((0, 20)) == (9, 9, 9)
    with Image.open(tmp_path / "pictures/input/clean-0.jpg") as picture:
        assert picture.size == (512, 256)
