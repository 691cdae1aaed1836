"""robustseg weights: on shipped cards, in an empty cache, without a network."""

import socket

import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner

from robustbench_seg.cli.main import main
from robustbench_seg.records.cards.model_card import list_models, load_card
from robustbench_seg.segmenter import load_model, load_segmenter
from robustbench_seg.segmenter.loading import card_export, networks


@pytest.fixture(autouse=True)
def nothing_at_hand(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("ROBUSTSEG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def run(*arguments):
    return CliRunner().invoke(main, ["weights", *map(str, arguments)])


def test_every_card_is_listed_with_what_is_at_hand(tmp_path):
    folder = tmp_path / "cache" / "nvidia--segformer-b5-finetuned-cityscapes-1024-1024"
    folder.mkdir(parents=True)
    (folder / "pytorch_model.bin").write_bytes(bytes(2_340_000))
    result = run()
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines()[1:]}
    assert list(rows) == list(list_models())
    assert rows["segformer-b5"][1:5] == ["huggingface", "2.3", "MB", "82.40"]
    assert rows["segformer-b4"][1:4] == ["huggingface", "-", "82.30"]
    assert rows["segformer-b4"][4:6] == ["NVIDIA", "Source"]
    assert rows["deeplabv3plus-r50-openmmlab"][1:] == ["url", "-", "80.09", "Apache-2.0"]
    assert rows["deeplabv3plus-r101-vainf-os16"][1:] == ["manual", "-", "76.20", "MIT"]
    assert rows["deeplabv3plus-mobilenetv2"][1:] == ["none", "-", "-", "-"]
    assert rows["segformer-b0-minicity"][1] == "shipped"
    assert float(rows["segformer-b0-minicity"][2]) > 5


def test_what_can_be_had_is_fetched_and_the_rest_is_named(tmp_path):
    names = (
        "deeplabv3plus-r50-openmmlab",
        "segformer-b0-minicity",
        "deeplabv3plus-r101-vainf-os16",
    )
    result = run("get", *names)
    assert result.exit_code == 1
    assert result.stdout == f"segformer-b0-minicity {load_card(names[1]).weights_file}\n"
    assert result.stderr.count("\n") == 1
    file = load_card(names[0]).weights.location.rpartition("/")[2]
    assert f"download it on another machine and save it as {tmp_path / 'cache' / file}" in (
        result.stderr
    )
    assert f"and save it as {tmp_path / 'cache' / names[2]}.pth" in result.stderr


def test_an_unknown_model_stops_before_anything_is_fetched():
    result = run("get", "segformer-b0-minicity", "segformer-b7")
    assert result.exit_code == 2
    assert "unknown model 'segformer-b7'" in result.stderr
    assert result.stdout == ""


@pytest.mark.slow
def test_an_exported_model_is_evaluated_like_its_card(tmp_path):
    name, path = "segformer-b0-minicity", tmp_path / "b0.onnx"
    result = run("export", name, "--onnx", path, "--size", "64x128")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [str(path), str(tmp_path / "b0.toml")]
    image = np.random.default_rng(0).integers(0, 256, (64, 128, 3), np.uint8)
    assert (load_segmenter(f"onnx:{path}")(image) == load_segmenter(name)(image)).mean() > 0.999
    # The graph gets the values that --help states.
    card = load_card(name)
    mean, std = (np.float32(v) for v in (card.preprocessing.mean, card.preprocessing.std))
    batch = ((image / np.float32(255) - mean) / std).transpose(2, 0, 1)[None]
    (logits,) = onnxruntime.InferenceSession(path).run(None, {"image": batch})
    with torch.inference_mode():
        wanted = load_model(name)(torch.from_numpy(batch))
    torch.testing.assert_close(torch.from_numpy(logits), wanted, atol=1e-3, rtol=0)


def test_an_export_reads_the_weights_of_the_card_once(tmp_path, monkeypatch):
    reads, exports, name = [], [], "segformer-b0-minicity"

    def read(path, shapes, own=networks.read_weights):
        reads.append(path)
        return own(path, shapes)

    monkeypatch.setattr(networks, "read_weights", read)
    monkeypatch.setattr(card_export, "export_onnx", lambda *a, **k: exports.append((*a, k)))
    assert run("export", name, "--onnx", tmp_path / "a.onnx").exit_code == 0
    assert reads == [load_card(name).weights_file]
    arguments = ("--onnx", tmp_path / "b.onnx", "--weights", "none")
    assert run("export", name, *arguments).exit_code == 0
    for (network, _, facts), weights in zip(exports, (None, "none"), strict=True):
        segmenter = load_segmenter(name, weights=weights)
        assert (facts["name"], facts["classes"]) == (segmenter.name, segmenter.classes)
        batch = torch.zeros(1, 3, 32, 64)
        with torch.inference_mode():
            assert torch.equal(network(batch), load_model(name, weights)(batch))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--onnx", "a.onnx", "--size", "64"), "'64' is not a size; write height x width"),
        (
            ("--onnx", "a.onnx", "--size", "0x4"),
            "the size 0x4 is out of range; give sides of 1 to 32768 pixels",
        ),
        (("--onnx", "a.pt"), "a.pt: name the graph with the suffix .onnx"),
    ],
)
def test_what_cannot_be_exported_is_said(arguments, message):
    result = run("export", "segformer-b0-minicity", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
