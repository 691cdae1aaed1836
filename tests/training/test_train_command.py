import shlex
import shutil

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from robustbench_seg.cli.train import train
from robustbench_seg.content import content_folder
from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import CardError, DatasetError, ModelError, OptionError, WeightsError
from robustbench_seg.measures import confusion_matrix, mean_iou
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.segmenter import load_model, load_segmenter
from robustbench_seg.segmenter.inference.normaliser import to_tensor
from robustbench_seg.segmenter.inference.windows import whole

QUICK = "--batch 2 --crop 32x64 --lr 2e-3 --head-lr-factor 1 --warmup 2 --workers 0 --threads 1"


def run(*arguments):
    return CliRunner().invoke(train, [*arguments, *QUICK.split()], catch_exceptions=False)


def test_from_a_card_to_a_card(stripes, tmp_path):
    out = tmp_path / "out"
    given = ("--model", "segformer-b0", "--dataset", stripes, "--out", str(out), "--iterations")
    result = run(*given, "12", "--half", "--seed", "7")
    assert result.exit_code == 0, result.output
    path = out / "segformer-b0-stripes.toml"
    assert result.stdout.endswith(f"{path}\n")
    assert "on stripes val (3 images), after 24 training crops of 3 images." in result.stdout

    card = load_card(path)
    assert (card.dataset, card.classes) == (stripes, 2)
    assert (card.training.iterations, card.training.seed) == (12, 7)
    # The command in the card creates the same weights again.
    words = shlex.split(card.training.command)
    assert words[:2] == ["robustseg", "train"]
    first = load_model(path).state_dict()
    shutil.rmtree(out)
    again = CliRunner().invoke(train, words[2:], catch_exceptions=False)
    assert again.exit_code == 0, again.output
    second = load_model(path).state_dict()
    assert "finished" not in again.stdout
    assert first["decode_head.linear_pred.weight"].shape[0] == 2
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_the_score_printed_is_that_of_the_saved_model(stripes, tmp_path):
    out = tmp_path / "out"
    run("--model", "segformer-b0", "--dataset", stripes, "--out", str(out), "--iterations", "15")
    path = out / "segformer-b0-stripes.toml"
    card = load_card(path)
    network = load_model(path)
    mean, std = (
        torch.tensor(values).reshape(1, 3, 1, 1)
        for values in (card.preprocessing.mean, card.preprocessing.std)
    )
    matrix = np.zeros((2, 2), np.int64)
    for sample in open_dataset(stripes, None, "val"):
        with torch.inference_mode():
            logits = whole(network, to_tensor(sample.image, mean, std)).upsampled()
        matrix += confusion_matrix(sample.labels, logits.argmax(1)[0].numpy(), 2)
    printed = float(path.read_text().split("Clean mIoU ")[1].split(" %")[0])
    assert mean_iou(matrix) == pytest.approx(printed, abs=0.01)


def test_a_finished_training_says_so(stripes, tmp_path):
    given = ("--model", "segformer-b0", "--dataset", stripes, "--out", str(tmp_path / "out"))
    run(*given, "--iterations", "2", "--seed", "5")
    card = tmp_path / "out" / "segformer-b0-stripes.toml"
    before = card.read_text()
    same = (*given, "--iterations", "2", "--seed", "5")
    assert run(*same).stdout == f"already finished, after 2 iterations\n{card}\n"
    assert card.read_text() == before
    with pytest.raises(ModelError, match="belongs to another training: iterations 2 there, 3 here"):
        run(*given, "--iterations", "3", "--seed", "5")
    (tmp_path / "out" / "checkpoint.pt").unlink()
    assert run(*same).stdout == f"already finished, after 2 iterations\n{card}\n"
    with pytest.raises(ModelError) as error:
        run(*given, "--iterations", "3", "--seed", "6")
    assert str(error.value) == (
        f"{card}: this is the model of another training: iterations 2 and 3; seed 5 and 6 (there "
        "and here); give another folder, or remove the file to train again"
    )


def test_a_trained_model_is_not_overwritten(stripes, tmp_path):
    given = ("--model", "segformer-b0", "--dataset", stripes, "--out", str(tmp_path / "out"))
    run(*given, "--iterations", "2")
    weights = tmp_path / "out" / "segformer-b0-stripes.safetensors"
    first = load_file(weights)
    weights.unlink()
    assert "already finished" not in run(*given, "--iterations", "2").stdout  # written again
    assert all(torch.equal(first[name], tensor) for name, tensor in load_file(weights).items())
    before = weights.read_bytes()
    (tmp_path / "out" / "checkpoint.pt").unlink()
    with pytest.raises(
        ModelError, match=r"segformer-b0-stripes\.toml: this is the model of another training"
    ):
        run(*given, "--iterations", "3")
    assert weights.read_bytes() == before


def test_a_warm_up_that_does_not_end_is_a_warning(stripes, tmp_path, caplog):
    given = ("--model", "segformer-b0", "--dataset", stripes, "--out", str(tmp_path / "out"))
    run(*given, "--iterations", "3")
    assert caplog.messages == []
    (tmp_path / "out" / "checkpoint.pt").unlink()
    run(*given, "--iterations", "2", "--name", "other")
    assert caplog.messages == [
        "a warm-up of 2 steps does not end within 2 steps, so the learning rate never reaches "
        "0.002; shorten the warm-up"
    ]


def test_a_file_in_place_of_the_folder_is_said(stripes, tmp_path):
    (tmp_path / "out").write_text("")
    done = run("--model", "segformer-b0", "--dataset", stripes, "--out", str(tmp_path / "out"))
    assert done.exit_code == 2
    assert f"Directory '{tmp_path / 'out'}' is a file" in done.stderr.replace("\n", " ")


def test_a_card_s_size_holds_in_training_too(stripes, tmp_path):
    source = tmp_path / "source.toml"
    text = (content_folder("models") / "segformer-b0-512.toml").read_text()
    source.write_text(text.replace("short = 512", "short = 32").replace("long = 1024", "long = 64"))
    given = ("--model", str(source), "--dataset", stripes, "--out", str(tmp_path / "out"))
    run(*given, "--iterations", "15", "--name", "small")
    card = load_card(tmp_path / "out" / "small.toml")
    assert card.resize == load_card(source).resize
    segmenter, matrix = load_segmenter(tmp_path / "out" / "small.toml"), np.zeros((2, 2), np.int64)
    for sample in open_dataset(stripes, None, "val"):
        matrix += confusion_matrix(sample.labels, segmenter(sample.image), 2)
    assert mean_iou(matrix) == pytest.approx(card.training.miou, abs=0.01)


def test_augmentation_for_robustness_shows(stripes, tmp_path):
    result = run(
        "--model", "segformer-b0", "--dataset", stripes, "--out", str(tmp_path), "--iterations",
        "2", "--name", "clean", "--augment", "augmix", "--ema", "0.5",
    )  # fmt: skip
    assert result.stdout.endswith("clean-augmix.toml\n")
    segmenter = load_segmenter(tmp_path / "clean-augmix.toml")
    assert segmenter.name == "clean-augmix"
    assert segmenter.about.training.augment == "augmix"
    assert segmenter.about.training.ema == 0.5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["--model", "segformer-b9"], ModelError, "unknown model 'segformer-b9'; did you mean"),
        (["--model", "none.toml"], CardError, "none.toml: there is no such file; give the path"),
        (
            ["--model", "segformer-b0", "--encoder", "none.pth"],
            WeightsError,
            "none.pth: no weights",
        ),
        (
            ["--model", "segformer-b0", "--augment", "augmix", "--ema", "2"],
            OptionError,
            "ema = 2.0",
        ),
        (["--model", "segformer-b0", "--split", "tran"], DatasetError, "tran"),
        (
            ["--model", "segformer-b0", "--name", "a/b"],
            ModelError,
            "name 'a/b' is part of file names",
        ),
        (["--model", "segformer-b0", "--device", "cuda:99"], OptionError, "device 'cuda:99': "),
        (
            ["--model", "segformer-b0", "--minutes", "0"],
            OptionError,
            "minutes = 0.0 is out of range",
        ),
        (
            ["--model", "deeplabv3plus-mobilenetv2", "--drop-path", "0.1"],
            ModelError,
            "unknown parameter of deeplabv3plus 'drop_path'",
        ),
    ],
)
def test_what_cannot_be_is_said_before_training(arguments, error, message, stripes, tmp_path):
    with pytest.raises(error, match=message):
        run("--dataset", stripes, "--out", str(tmp_path / "out"), *arguments)
    assert not (tmp_path / "out").exists()


def test_a_crop_must_be_a_size(tmp_path):
    result = CliRunner().invoke(
        train, ["--model", "segformer-b0", "--out", str(tmp_path), "--crop", "big"]
    )
    assert result.exit_code == 2
    assert "'big' is not a size; write height x width, such as 512x1024" in result.stderr
