"""evaluate from the command line, with a real network that was never trained."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from robustbench_seg.cli.main import main
from robustbench_seg.measures import mean_iou
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.segmenter import NetworkSegmenter
from robustbench_seg.store import read_results

SOME = ("--corruption", "contrast", "--corruption", "gaussian_noise", "--severity", "2")


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny images take seconds if threads of several networks compete for few cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def camvid(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(3):
        labels = np.kron(rng.integers(0, 12, (4, 6), np.uint8), np.ones((12, 12), np.uint8))
        image = rng.normal(20 * labels[..., None], 20, (48, 72, 3)).clip(0, 255).astype(np.uint8)
        for folder, pixels in (("val", image), ("valannot", labels)):
            (tmp_path / "camvid" / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "camvid" / folder / f"{i}.png")
    return tmp_path / "camvid"


@pytest.fixture
def evaluate(camvid, tmp_path):
    def run(*arguments, model="segformer-b0", out="runs"):
        fixed = ["--model", model, "--weights", "none", "--out", str(tmp_path / out)]
        data = ["--dataset", "camvid", "--data", str(camvid)]
        return CliRunner().invoke(main, ["evaluate", *fixed, *data, *map(str, arguments)])

    return run


def rows(folder):
    table = read_results(folder)
    keys = zip(table["image"], table["corruption"], table["severity"], strict=True)
    return {key: matrix.tolist() for key, matrix in zip(keys, table["matrix"], strict=True)}


def test_a_run_is_printed_and_kept(evaluate, tmp_path):
    result = evaluate("--corruption", "clean")
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "runs").iterdir()
    table = read_results(folder)
    assert set(table["corruption"]) == {"clean"}
    assert len(table) == 3
    head, model = [line.split() for line in result.stdout.splitlines()[2:4]]
    assert head == ["model", "clean", "mean", "retention"]
    clean = mean_iou(table["matrix"].sum())
    assert model == ["segformer-b0-untrained", f"{clean:.1f}", "-", "-"]
    assert str(folder) in result.stdout
    assert "Averaged" not in result.stdout, "clean alone has no mean"
    assert "3/3" in result.stderr


def test_options_reach_the_run(evaluate, tmp_path):
    options = ("--inference", "whole", "--precision", "bf16", "--stream", "reference", "--seed", 3)
    # Three images are one block, so the second of two shards has nothing to do.
    for shard, images in (("2/2", 0), ("1/2", 3)):
        result = evaluate("--corruption", "clean", "--shard", shard, *options)
        assert result.exit_code == 0, result.output
        (folder,) = (tmp_path / "runs").iterdir()
        assert len(read_results(folder)) == images
    key = read_record(folder).key
    assert key.segmenter.inference.mode == "whole"
    assert key.segmenter.precision == "bf16"
    assert (key.corruption.stream, key.corruption.seed) == ("reference", 3)


def test_all_conditions_give_all_scores(evaluate):
    result = evaluate("--limit", "1", "--workers", "2")
    assert result.exit_code == 0, result.output
    numbers = [float(cell) for cell in result.stdout.splitlines()[3].split()[1:]]
    assert len(numbers) == 7
    assert (
        "Averaged: severities 1-5 of 12 corruptions; 1-3 of gaussian_noise, impulse"
        in result.stdout
    )
    assert "81/81" in result.stderr


def test_severities_and_corruptions_add_up(evaluate, tmp_path):
    evaluate(*SOME)
    assert evaluate("--corruption", "fog", "--severity", "1", "--severity", "5").exit_code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert {key[1:] for key in rows(folder)} == {
        *(("clean", 0), ("contrast", 2), ("gaussian_noise", 2), ("fog", 1), ("fog", 5))
    }


def test_from_disk_equals_on_the_fly(evaluate, camvid, tmp_path):
    tree = tmp_path / "tree"
    source = ("--dataset", "camvid", "--data", str(camvid), "--workers", "1")
    made = CliRunner().invoke(main, ["generate-cityscapes-c", "--out", str(tree), *source, *SOME])
    assert made.exit_code == 0, made.output
    assert evaluate(*SOME, out="made").exit_code == 0
    assert evaluate(*SOME, "--corrupted", tree, out="read").exit_code == 0
    (one,), (two,) = (tmp_path / "made").iterdir(), (tmp_path / "read").iterdir()
    assert one.name == two.name
    assert rows(one) == rows(two)
    other = evaluate(*SOME, "--corrupted", tree, "--seed", "1")
    assert other.exit_code == 2
    assert "its seed is 0, not 1" in other.stderr


def test_name_limit_and_predictions(evaluate, tmp_path):
    options = ("--limit", "2", "--name", "mine", "--save-predictions", tmp_path / "seen")
    assert evaluate(*SOME, *options).exit_code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("mine-untrained-camvid-val-")
    assert len(rows(folder)) == 2 * 3
    files = {
        path.relative_to(tmp_path / "seen").as_posix() for path in tmp_path.glob("seen/**/*.png")
    }
    conditions = ("clean/0", "contrast/2", "gaussian_noise/2")
    assert files == {f"mine-untrained/{c}/val/{i}.png" for c in conditions for i in range(2)}


def test_two_models_at_once(evaluate):
    result = evaluate("--corruption", "clean", "--model", "deeplabv3plus-mobilenetv2")
    assert result.exit_code == 0, result.output
    models = [line.split()[0] for line in result.stdout.splitlines()[3:5]]
    assert models == ["segformer-b0-untrained", "deeplabv3plus-mobilenetv2-untrained"]


def test_random_weights_are_marked_in_every_table_and_on_the_page(
    evaluate, tmp_path, blank_figures
):
    assert evaluate("--limit", "1", "--corruption", "clean").exit_code == 0
    command = ["report", str(tmp_path / "runs"), "--out", str(tmp_path / "report"), "--no-pictures"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert ">segformer-b0-untrained<" in (tmp_path / "report/index.html").read_text()
    for suffix in ("csv", "tex", "md"):
        text = (tmp_path / f"report/tables/miou.{suffix}").read_text()
        assert "segformer-b0-untrained" in text
        assert "segformer-b0" not in text.replace("segformer-b0-untrained", "")


def test_a_model_of_other_classes_is_refused_with_both_lists(camvid, tmp_path):
    data = ["--dataset", "camvid", "--data", str(camvid), "--out", str(tmp_path / "runs")]
    result = CliRunner().invoke(main, ["evaluate", "--model", "segformer-b0-minicity", *data])
    assert result.exit_code == 2
    assert "segformer-b0-minicity predicts 19 classes (road, sidewalk, " in result.stderr
    assert "camvid has 11 classes (sky, building, " in result.stderr


def test_a_broken_image_is_named_and_the_rest_is_done(evaluate, camvid, tmp_path):
    evaluate("--corruption", "clean", out="before")
    (camvid / "val/1.png").write_bytes((camvid / "val/1.png").read_bytes()[:500])
    result = evaluate(*SOME)
    assert result.exit_code == 1
    assert "robustseg: left out: " in result.stderr
    assert "val/1.png: the image file cannot be read" in result.stderr
    assert "Traceback" not in result.output
    table = read_results(tmp_path / "runs")
    assert table.groupby("image")["matrix"].count().to_dict() == {
        "val/0.png": 3,
        "val/1.png": 0,
        "val/2.png": 3,
    }


def test_an_interruption_keeps_what_is_finished(evaluate, tmp_path, monkeypatch):
    """The probe makes its first call."""
    label, calls = NetworkSegmenter.__call__, []

    def interrupted(self, image):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return label(self, image)

    monkeypatch.setattr(NetworkSegmenter, "__call__", interrupted)
    result = evaluate(*SOME, "--measure", "confusion")
    assert result.exit_code == 130
    assert "interrupted; finished work is kept" in result.stderr
    assert len(read_results(tmp_path / "runs")) == 4
    assert evaluate(*SOME, "--measure", "confusion").exit_code == 0
    assert len(calls) == 6 + 5
    assert len(read_results(tmp_path / "runs")) == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--corruption", "fogg"), "robustseg: unknown corruption 'fogg'; did you mean 'fog'?"),
        (("--data", "nowhere"), "there is no folder nowhere"),
        (("--split", "vol"), "no image vol/*.png"),
        (
            ("--model", "deeplabv3plus-mobilenetv2", "--name", "x"),
            "name and weights are for a single model",
        ),
        (("--weights", "nowhere.safetensors"), "nowhere.safetensors"),
        (("--corrupted", "nowhere"), "nowhere has no manifest.json"),
        (
            ("--protocol", "nowhere.toml"),
            "nowhere.toml: there is no such file; give the path of the protocol",
        ),
        (("--device", "nonsense"), "device 'nonsense'"),
        (("--severity", "6"), "6 is not in the range 1<=x<=5"),
    ],
)
def test_what_is_wrong_is_one_line(evaluate, tmp_path, arguments, message):
    result = evaluate(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--corruption", "fgo"], "unknown corruption 'fgo'; did you mean 'fog'?"),
        (["--model", "segformer-b9"], "unknown model 'segformer-b9'"),
        (["--dataset", "minicit"], "unknown dataset 'minicit'"),
        (["--measure", "foo"], "unknown measure 'foo'"),
        (["--protocol", "foo"], "unknown protocol 'foo'"),
    ],
)
def test_a_misspelt_name_is_an_error_before_torch_is_imported(words, told):
    code = (
        "import sys\n"
        "from robustbench_seg.cli.main import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    print({'torch', 'numba', 'pandas', 'scipy'} & set(sys.modules))\n"
    )
    good = ["evaluate", "--model", "segformer-b0-minicity", "--dataset", "minicity"]
    command = [sys.executable, "-c", code, *good, *words]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert told in result.stderr
    assert result.stdout == "set()\n"


def test_an_evaluation_imports_no_compiler_and_nothing_that_only_reports_need(tmp_path):
    heavy = "{'torch._dynamo', 'sympy', 'scipy.optimize', 'scipy.special', 'matplotlib'}"
    code = (
        "import sys\n"
        "from robustbench_seg.cli.main import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        f"    print({heavy} & set(sys.modules))\n"
    )
    asked = ["evaluate", "--model", "segformer-b0-minicity", "--dataset", "minicity"]
    few = ["--corruption", "clean", "--limit", "1", "--out", str(tmp_path / "runs")]
    command = [sys.executable, "-c", code, *asked, *few]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "set()"


def test_published_rows_of_the_model_are_named_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.delenv("CITYSCAPES_DATASET", raising=False)
    said = "published on cityscapes val under cityscapes-c, mean mIoU: SegFormer-B5 65.8"
    asked = ["evaluate", "--model", "segformer-b5", "--out", str(tmp_path)]
    lines = CliRunner().invoke(main, asked).stderr.splitlines()
    assert lines[0].startswith(said)
    assert "needs its root folder" in lines[1]
    others = CliRunner().invoke(main, [*asked, "--weights", "none"])
    assert said not in others.stderr
