"""A disk that disappears, a model that fails: one line, nothing lost, the others continue."""

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from robustbench_seg.cli.main import main
from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import DatasetError, IncompleteError, ModelError
from robustbench_seg.evaluation.loop import left_out_error
from robustbench_seg.store import read_results
from tests.evaluation.conftest import evaluate


class Broken:
    """Fails in the code of its user."""

    name, classes, version = "broken", ("dark", "middle", "bright"), "1"

    def __call__(self, image):
        raise ZeroDivisionError("a bug")


@pytest.mark.parametrize("workers", [1, 3])
def test_a_dataset_that_is_gone_ends_the_run(toy, reds, protocol, conditions, tmp_path, workers):
    """Images 5 to 19 cannot be read: eight of them are enough."""
    data, model = toy(40, broken=tuple(range(5, 40))), reds()
    with pytest.raises(DatasetError) as caught:
        evaluate([model], data, protocol, conditions, tmp_path, workers=workers)
    message = str(caught.value)
    assert "\n" not in message
    assert message == (
        "8 images in a row could not be read; the last: val/12.png: the image cannot be read. "
        "Finished work is kept: check the disk that holds the images and evaluate again"
    )
    assert model.calls == 5 * 5
    table = read_results(tmp_path)
    assert table["matrix"].notna().sum() == 5 * 5
    assert table["reason"].notna().sum() <= 8 * 5
    assert max(data.reads) <= 12 + 3, "nothing behind them is tried, but what was on its way"
    evaluate([model], toy(40), protocol, conditions, tmp_path)
    assert model.calls == 40 * 5


def test_unknown_label_ids_do_not_blame_the_disk(reds, protocol, conditions, tmp_path):
    pixels = np.zeros((40, 48, 3), np.uint8)
    for number in range(9):
        for folder, content in (("i", pixels), ("l", pixels[..., 0] + 50)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(content).save(tmp_path / f"{folder}/{number}.png")
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nimages = "i/*.png"\nlabels = "l/*.png"\n'
        'classes = ["dark", "middle", "bright"]\n'
    )
    data = open_dataset(tmp_path / "mine.toml")
    with pytest.raises(DatasetError) as caught:
        evaluate([reds()], data, protocol, conditions, tmp_path / "runs")
    assert str(caught.value) == (
        f"8 images in a row cannot be used; the last: {tmp_path}/l/7.png: label id 50 (1920 "
        "pixels) does not exist in this dataset, whose ids are 0..2, 255; add id 50 to label_map "
        "or ignore in mine.toml, or check that the file belongs to this dataset and contains ids, "
        "not colours. Finished work is kept: correct this and evaluate again"
    )


def test_a_tree_that_is_gone_ends_the_run(toy, reds, protocol, conditions, tmp_path, tree):
    corrupted = tree(toy(20), conditions)

    class Unmounting(reds):
        def __call__(self, image):
            if self.calls == 12:
                for condition in conditions:
                    shutil.rmtree(corrupted / condition.folder)
            return super().__call__(image)

    model = Unmounting()
    with pytest.raises(
        DatasetError, match=r"8 images in a row could not be read; the last: .*/val/"
    ):
        evaluate([model], toy(20), protocol, conditions, tmp_path / "r", corrupted=corrupted)
    table = read_results(tmp_path / "r")
    assert table["reason"].notna().sum() <= 8 * len(conditions)
    assert table["matrix"].notna().sum() == model.calls


def test_a_few_broken_images_do_not_end_it(toy, reds, protocol, conditions, tmp_path):
    """Seven in a row, then one that is whole, then seven again."""
    broken = (*range(7), *range(8, 15))
    with pytest.raises(IncompleteError) as caught:
        evaluate([reds()], toy(16, broken=broken), protocol, conditions, tmp_path)
    assert len(caught.value.reasons) == 14
    assert read_results(tmp_path)["matrix"].notna().sum() == 2 * 5


def test_a_failing_model_stops_no_other(toy, reds, protocol, conditions, tmp_path, caplog):
    good = reds()
    with pytest.raises(ModelError) as caught:
        evaluate([Broken(), good], toy(12), protocol, conditions, tmp_path)
    assert str(caught.value).startswith(
        "broken: 8 images in a row have no result; the last: val/7.png: broken failed "
        "(Broken: fails on an image: ZeroDivisionError: a bug ("
    )
    table = read_results(tmp_path)
    assert table.groupby("model")["matrix"].count().to_dict() == {"broken": 0, "reds": 60}
    assert good.calls == 60
    shown = [record for record in caplog.records if record.exc_info]
    assert len(shown) == 1, "its traceback is shown once"
    assert "a bug" in str(shown[0].exc_info[1])
    assert (
        shown[0]
        .getMessage()
        .startswith(
            "val/0.png: broken failed (Broken: fails on an image: ZeroDivisionError: a bug ("
        )
    )
    assert shown[0].getMessage().endswith("); traceback (shown once):")
    assert caplog.messages[-1].endswith("the model gets no more images")


def test_a_model_that_failed_is_left_out_of_report_and_comparison(
    toy, reds, protocol, tmp_path, caplog, blank_figures
):
    with pytest.raises(ModelError):
        evaluate(
            [Broken(), reds(), reds("other", facts={"shift": 1})],
            toy(8),
            protocol,
            protocol.conditions(["fog"], [1]),
            tmp_path / "runs",
        )
    caplog.clear()

    def command(*words):
        return CliRunner().invoke(
            main, [*words, "--no-pictures"] if words[0] == "report" else words
        )

    runs, out = str(tmp_path / "runs"), str(tmp_path / "report")
    result = command("report", runs, "--out", out)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "report/index.html").read_text()
    assert "reds" in page
    assert ">broken<" not in page
    left_out = [text for text in caplog.messages if text.endswith("no image is scored; left out")]
    assert len(left_out) == 1
    assert "/broken-toy-val-" in left_out[0]
    assert command("compare", "reds", "other", "--runs", runs).exit_code == 0
    result = command("compare", "reds", "broken", "--runs", runs)
    assert result.exit_code == 2
    assert "no image is scored yet; evaluate first" in result.stderr


def test_a_report_on_nothing_is_one_line(toy, protocol, tmp_path):
    with pytest.raises(ModelError):
        evaluate([Broken()], toy(8), protocol, [], tmp_path / "runs")
    out = ["--out", str(tmp_path / "report")]
    result = CliRunner().invoke(main, ["report", str(tmp_path / "runs"), *out])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].endswith("no image is scored yet; evaluate first")
    assert not (tmp_path / "report").exists()


def test_the_error_for_images_left_out_names_one_reason_and_logs_the_others(caplog):
    reasons = {"a.png: bad": False, "b.png: bad": True}
    error = left_out_error(reasons, [Path("runs/x")], "yard.toml")
    assert caplog.messages == ["left out: b.png: bad"]
    assert str(error) == (
        "left out: a.png: bad (and 1 more, named above); the rest is finished and kept in runs/x. "
        "No score is shown until all images have results: fix the cause and evaluate again (a "
        "changed image or label of the dataset starts a new run; delete the old folder then); or "
        "list the other images in a file and give its path as list in yard.toml"
    )
    assert "key list" not in str(left_out_error({"a.png: bad": False}, [Path("runs/x")], "camvid"))
    again = pickle.loads(pickle.dumps(error))  # as torchrun sends it
    assert (str(again), again.reasons, again.is_failure) == (str(error), tuple(reasons), reasons)


class Narrow:
    """Leaves out a column."""

    name, classes, version = "narrow", ("dark", "middle", "bright"), "1"

    def __call__(self, image):
        return np.zeros((image.shape[0], image.shape[1] - 1), np.uint8)


@pytest.mark.parametrize("model", [Broken(), Narrow()])
def test_a_failing_model_is_what_to_fix(toy, protocol, conditions, tmp_path, model):
    data = replace(toy(3), name="yard.toml")
    with pytest.raises(IncompleteError) as caught:
        evaluate([model], data, protocol, conditions, tmp_path)
    assert set(caught.value.is_failure.values()) == {True}
    assert str(caught.value).endswith(
        ". No score is shown until all images have results: fix the model and evaluate again"
    )


def test_a_broken_image_is_what_to_fix(toy, reds, protocol, conditions, tmp_path):
    with pytest.raises(IncompleteError) as caught:
        evaluate([reds()], toy(3, broken=(1,)), protocol, conditions, tmp_path)
    assert "fix the cause and evaluate again (a changed image or label" in str(caught.value)
    assert "fix the model" not in str(caught.value)
