"""Files for test servers, against what the servers' own scripts and instructions expect."""

import re
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling
from cityscapesscripts.helpers import csHelpers
from cityscapesscripts.helpers.labels import trainId2label
from PIL import Image

import robustbench_seg as rs
from robustbench_seg.errors import ModelError, OptionError, ResultsError
from robustbench_seg.evaluation.outputs.server_formats import file_format

official = evalPixelLevelSemanticLabeling
CLASSES = rs.class_names("cityscapes")


class Unsure:
    """The level of red is the class."""

    name, classes, version = "unsure", CLASSES, "1"

    def __call__(self, image):
        return image[..., 0] % len(CLASSES)


class Levels(Unsure):
    """The level of green is the confidence."""

    name, confidence = "levels", True

    def __call__(self, image):
        return super().__call__(image), image[..., 1] / 255


@pytest.fixture
def put(tmp_path):
    def write(relative, pixels=None):
        path = tmp_path / "data" / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        if pixels is None:
            pixels = np.random.default_rng(sum(relative.encode())).integers(0, 256, (20, 30, 3))
        Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
        return np.asarray(pixels, np.uint8)

    return write


@pytest.fixture
def saved(tmp_path):
    """Evaluate on the written dataset; the files saved, without the folder of the condition."""

    def run(form, dataset, split="test", model=None, condition="clean/0", **options):
        model = model or Levels()
        rs.evaluate(
            model=model,
            dataset=dataset,
            data=tmp_path / "data",
            split=split,
            corruptions=options.pop("corruptions", "clean"),
            out=tmp_path / "runs",
            save_predictions=tmp_path / "sent",
            prediction_format=form,
            **options,
        )
        folder = tmp_path / "sent" / model.name / condition
        found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
        return folder, found

    return run


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture), picture.mode


CITY = ("berlin_000000_000019", "berlin_000001_000019", "bonn_000003_000019")


def test_cityscapes_own_evaluation_finds_the_files_and_gives_the_same_score(
    put, saved, tmp_path, monkeypatch
):
    truth_ids = np.array(
        [label.id for i, label in sorted(trainId2label.items()) if i < 19 and i >= 0]
    )
    truths = []
    for number, name in enumerate(CITY):
        city = name.split("_")[0]
        image = put(f"leftImg8bit/val/{city}/{name}_leftImg8bit.png")
        rng = np.random.default_rng(number)
        right = rng.random(image.shape[:2]) < 0.6
        labels = np.where(right, image[..., 0] % 19, rng.integers(0, 19, image.shape[:2]))
        file = f"gtFine/val/{city}/{name}_gtFine_labelIds.png"
        put(file, truth_ids[labels])
        truths.append(str(tmp_path / "data" / file))
    folder, found = saved("cityscapes", "cityscapes", "val")
    assert set(found) == {f"{name}_labelIds.png" for name in CITY}
    assert {csHelpers.getCoreImageFileName(name) for name in found} == set(CITY)
    args = SimpleNamespace(**vars(official.args))
    args.predictionPath, args.predictionWalk, args.quiet = str(folder), None, True
    args.JSONOutput = args.evalInstLevelScore = args.evalPixelAccuracy = False
    predictions = [official.getPrediction(args, truth) for truth in truths]
    monkeypatch.setattr(official, "CSUPPORT", False)
    results = official.evaluateImgLists(predictions, truths, args)
    scores = rs.scores(tmp_path / "runs")
    ours = scores[(scores["metric"] == "miou") & (scores["corruption"] == "clean")]["value"]
    assert 100 * results["averageScoreClasses"] == pytest.approx(ours.item())


def test_values_are_label_ids_without_colours(put, saved):
    image = put(f"leftImg8bit/test/berlin/{CITY[0]}_leftImg8bit.png")
    put(f"gtFine/test/berlin/{CITY[0]}_gtFine_labelIds.png", np.zeros(image.shape[:2]))
    _, found = saved("cityscapes", "cityscapes")
    values, mode = read(found[f"{CITY[0]}_labelIds.png"])
    assert mode == "L"
    wanted = np.vectorize(lambda index: trainId2label[index].id)(image[..., 0] % 19)
    assert np.array_equal(values, wanted)


# "labelTrainIds/ ... {sequence}_frame_{frame:0>6}*.png, exactly one per test image, trainIDs"
TRAIN_IDS = re.compile(r"labelTrainIds/([A-Z0-9]+_frame_\d{6})[^/]*\.png")


@pytest.mark.parametrize(
    ("form", "image", "frame"),
    [
        (
            "acdc",
            "rgb_anon/fog/test/GOPR0475/GOPR0475_frame_000247_rgb_anon.png",
            "GOPR0475_frame_000247",
        ),
        (
            "muses",
            "frame_camera/test/snow/night/REC0008_frame_079714_frame_camera.png",
            "REC0008_frame_079714",
        ),
    ],
)
def test_a_test_split_without_labels_is_predicted_as_train_ids(
    put, saved, tmp_path, caplog, form, image, frame
):
    pixels = put(image)
    put(image.replace(frame[-6:], "000001"))
    _, found = saved(form, form)
    frames = sorted(TRAIN_IDS.fullmatch(name)[1] for name in found)
    assert frames == sorted([frame, frame[:-6] + "000001"])
    (path,) = [path for name, path in found.items() if frame in name]
    values, mode = read(path)
    assert mode == "L"
    assert np.array_equal(values, pixels[..., 0] % 19)
    assert f"{form} test has no labels: its images are predicted, but not scored" in caplog.text
    scores = rs.scores(tmp_path / "runs")
    assert scores[scores["metric"] == "miou"]["value"].isna().all()


def test_an_image_of_acdc_and_its_reference_are_files_of_one_frame(put, saved):
    put("rgb_anon/fog/test_ref/GOPR0475/GOPR0475_frame_000247_rgb_ref_anon.png")
    _, found = saved("acdc", "acdc-ref")
    (name,) = found
    assert name == "labelTrainIds/GOPR0475_frame_000247_rgb_ref_anon.png"
    assert TRAIN_IDS.fullmatch(name)[1] == "GOPR0475_frame_000247"


# The appendix of the challenge's README, and the suffixes of its encoder.
BRAVO = {
    "bravo_ACDC/fog/test/GOPR0475/GOPR0475_frame_000247_rgb_anon": ".png",
    "bravo_SMIYC/RoadAnomaly21/images/airplane0000": ".jpg",
    "bravo_outofcontext/frankfurt/frankfurt_000000_000576_leftImg8bit": ".png",
    "bravo_synobjs/polar bear/4": ".png",
}


def test_bravo_s_files_are_labels_and_confidence_of_16_bits(put, saved):
    pixels = {name: put(name + ending) for name, ending in BRAVO.items()}
    _, found = saved("bravo", "bravo", measures="confusion")
    assert set(found) == {f"{name}_{kind}.png" for name in BRAVO for kind in ("pred", "conf")}
    name = "bravo_ACDC/fog/test/GOPR0475/GOPR0475_frame_000247_rgb_anon"
    # as the challenge's own toolkit reads them
    labels = cv2.imread(str(found[f"{name}_pred.png"]), cv2.IMREAD_UNCHANGED)
    levels = cv2.imread(str(found[f"{name}_conf.png"]), cv2.IMREAD_UNCHANGED)
    assert (labels.dtype, levels.dtype) == (np.uint8, np.uint16)
    assert labels.shape == levels.shape == (20, 30)
    assert np.array_equal(labels, pixels[name][..., 0] % 19)
    doubt = 1 - pixels[name][..., 1].astype(np.float32) / 255
    wanted = np.minimum(np.floor((1 - doubt.astype(float)) * 65536), 65535)
    assert np.array_equal(levels, wanted)
    assert levels.max() > 60000


def test_acdc_s_test_split_goes_to_bravo_and_lacking_files_are_made_again(put, saved):
    put("rgb_anon/rain/test/GP010402/GP010402_frame_000001_rgb_anon.png")
    wanted = {
        f"bravo_ACDC/rain/test/GP010402/GP010402_frame_000001_rgb_anon_{kind}.png"
        for kind in ("pred", "conf")
    }
    for kind in ("_conf.png", "_pred.png"):
        _, found = saved("bravo", "acdc:rain")
        assert set(found) == wanted
        (lost,) = [path for name, path in found.items() if name.endswith(kind)]
        lost.unlink()
    _, found = saved("bravo", "acdc:rain")
    assert set(found) == wanted


def test_a_model_without_confidence_has_no_bravo_files(put, saved, tmp_path):
    put("bravo_synobjs/baby/49.png")
    with pytest.raises(ModelError, match=r"unsure returns no confidence \(.*\), which the"):
        saved("bravo", "bravo", model=Unsure())
    assert not (tmp_path / "runs").exists()


def test_what_no_server_knows_is_refused_before_a_model_is_loaded(put, saved, tmp_path):
    put("leftImg8bit/val/berlin/berlin_1_leftImg8bit.png")
    put("gtFine/val/berlin/berlin_1_gtFine_labelIds.png", np.zeros((20, 30)))
    with pytest.raises(OptionError) as caught:
        saved("cityscapes", "cityscapes", "val")
    assert str(caught.value) == (
        "the prediction format cityscapes names files after images such as "
        "<city>_000000_000019_leftImg8bit.png, which "
        "leftImg8bit/val/berlin/berlin_1_leftImg8bit.png is not; use another format"
    )
    put("val/a.png")
    put("valannot/a.png", np.zeros((20, 30)))
    with pytest.raises(OptionError, match="acdc is for the classes of Cityscapes; camvid has"):
        saved("acdc", "camvid", "val")
    with pytest.raises(OptionError, match="the prediction format acdc needs a folder; also give"):
        rs.EvaluationSpec(("m",), prediction_format="acdc")
    with pytest.raises(OptionError, match="unknown prediction_format 'acdcs'; did you mean"):
        rs.EvaluationSpec(("m",), prediction_format="acdcs", save_predictions=tmp_path)


@pytest.mark.parametrize(
    ("form", "image"),
    [
        ("cityscapes", "leftImg8bit/val/berlin/berlin_1_000019_leftImg8bit.png"),
        ("cityscapes", "leftImg8bit/val/berlin/east_berlin_000000_000019_leftImg8bit.png"),
        ("cityscapes", "leftImg8bit/val/berlin/berlin_000000_000019_leftImg8bit.jpg"),
        ("acdc", "rgb_anon/fog/test/GOPR0475/GOPR0475_frame_247_rgb_anon.png"),
        ("muses", "frame_camera/test/snow/night/REC0008_frame_79714_frame_camera.png"),
        ("bravo", "val/49.png"),
    ],
)
def test_a_server_s_names_have_all_their_digits_and_parts(form, image):
    assert file_format(form).path(image) is None


def test_bravo_s_names_may_hold_dots():
    assert file_format("bravo").path("bravo_synobjs/st. bernard/4.5.png") == (
        "bravo_synobjs/st. bernard/4.5_pred.png"
    )


def test_formats_are_never_mixed(put, saved):
    put("rgb_anon/fog/test/GOPR0475/GOPR0475_frame_000247_rgb_anon.png")
    saved("indices", "acdc")
    with pytest.raises(ResultsError, match="holds predictions in the format indices, not acdc; ch"):
        saved("acdc", "acdc")
