import argparse
import collections
import datetime
import os
import pathlib

import numpy as np
import pytest
import torch

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights import read_weights, save_weights

STATE = {
    "conv.weight": torch.linspace(-3, 3, 60).reshape(3, 5, 2, 2),
    "bn.num_batches_tracked": torch.tensor(1000),
}
METADATA = {"architecture": "segformer", "num_classes": "19", "eps": "nvlabs"}


def test_what_is_saved_is_read(tmp_path):
    save_weights(tmp_path / "new" / "a.safetensors", STATE, METADATA)
    weights = read_weights(tmp_path / "new" / "a.safetensors")
    assert weights.metadata == {**METADATA, "format": "robustseg"}
    assert list(weights.metadata) == sorted(weights.metadata), "runs record it in one order"
    assert weights.tensors.keys() == STATE.keys()
    for name, tensor in STATE.items():
        assert weights.tensors[name].dtype == tensor.dtype
        assert torch.equal(weights.tensors[name], tensor)


def test_whoever_may_read_other_new_files_may_read_weights(tmp_path):
    save_weights(tmp_path / "a.safetensors", STATE, METADATA)
    (tmp_path / "other").touch()
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_half_precision_halves_the_file_and_reads_as_float32(tmp_path):
    state = {
        "w": torch.randn(1000, generator=torch.Generator().manual_seed(0)),
        "n": torch.arange(3),
    }
    save_weights(tmp_path / "full.safetensors", state, {})
    save_weights(tmp_path / "half.safetensors", state, {}, half=True)
    full, half = ((tmp_path / f"{n}.safetensors").stat().st_size for n in ("full", "half"))
    assert full - half == 2000
    tensors = read_weights(tmp_path / "half.safetensors").tensors
    assert tensors["w"].dtype == torch.float32
    assert torch.equal(
        tensors["w"], torch.from_numpy(state["w"].numpy().astype(np.float16)).float()
    )
    assert torch.equal(tensors["n"], state["n"])


def test_transposed_and_shared_tensors_are_saved_by_value(tmp_path):
    base = torch.arange(6.0).reshape(2, 3)
    save_weights(tmp_path / "a.safetensors", {"a": base.T, "b": base}, {})
    tensors = read_weights(tmp_path / "a.safetensors").tensors
    assert torch.equal(tensors["a"], base.T)
    assert torch.equal(tensors["b"], base)


def test_values_beyond_half_precision_are_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(WeightsError) as raised:
        save_weights(path, {"bn.running_var": torch.tensor([1.0, 1e5])}, {}, half=True)
    assert str(raised.value) == (
        f"{path}: 'bn.running_var' contains 100000, which is too large for half precision; save "
        "it in full precision"
    )
    assert not path.exists()


@pytest.mark.parametrize("key", ["state_dict", "model_state", "model", "model_state_dict", None])
@pytest.mark.parametrize("zipped", [True, False])
def test_training_checkpoints_of_torch_are_read(tmp_path, key, zipped):
    path = tmp_path / "a.pth"
    content = {key: STATE, "best_score": np.float64(0.5), "epoch": 3} if key else STATE
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    tensors = read_weights(path).tensors
    assert tensors.keys() == STATE.keys()
    assert all(torch.equal(tensors[name], STATE[name]) for name in STATE)


@pytest.mark.parametrize("zipped", [True, False])
def test_numpy_scalars_of_a_training_checkpoint_are_admitted(tmp_path, zipped):
    path = tmp_path / "a.pth"
    scalars = [
        kind(1) for kind in (np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_)
    ]
    content = {"model_state": STATE, "best_score": scalars}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert read_weights(path).tensors.keys() == STATE.keys()


def test_numpy_scalars_saved_by_numpy_1_are_admitted(tmp_path):
    path = tmp_path / "a.pth"
    content = {"model_state": STATE, "best_score": np.float64(0.7)}
    torch.save(content, path, _use_new_zipfile_serialization=False)
    new, old = b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"
    assert new in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(new, old))
    assert read_weights(path).tensors.keys() == STATE.keys()


class History:
    """Like a training's log of losses: neither a tensor nor plain data."""

    def __init__(self):
        self.losses = [1.0]

    def __setstate__(self, state):
        raise AssertionError("code of the file runs")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"net": state},
        lambda state: {"model": {"state_dict": state}},
        lambda state: {"model_ema": state, "epoch": 3},
        lambda state: {f"_orig_mod.{name}": tensor for name, tensor in state.items()},
    ],
)
def test_whatever_a_training_keeps_its_tensors_under(tmp_path, wrap):
    torch.save(wrap(STATE), tmp_path / "a.pth")
    assert read_weights(tmp_path / "a.pth").tensors.keys() == STATE.keys()


def test_what_else_a_training_keeps_is_passed_over_and_not_run(tmp_path):
    others = {
        "message_hub": {"log": History(), "all": [History(), History()]},
        "args": argparse.Namespace(lr=1e-3),
        "best": np.zeros(3),
        "when": datetime.datetime(2026, 11, 27),
        "where": pathlib.PurePosixPath("a/b"),
    }
    torch.save({"state_dict": STATE, **others}, tmp_path / "a.pth")
    tensors = read_weights(tmp_path / "a.pth").tensors
    assert all(torch.equal(tensors[name], STATE[name]) for name in STATE)


def test_queues_of_losses_are_passed_over_too(tmp_path):
    others = {"last": collections.deque([1.0, 2.0]), "by": collections.defaultdict(list, a=[1])}
    torch.save({"state_dict": STATE, **others}, tmp_path / "a.pth")
    assert read_weights(tmp_path / "a.pth").tensors.keys() == STATE.keys()


class Config(dict):
    """Like yacs' CfgNode or Lightning's AttributeDict: settings with their own state."""


class Steps(list):
    """A list of an unknown class."""


@pytest.mark.parametrize("zipped", [True, False])
def test_kinds_of_dict_and_list_are_passed_over(tmp_path, zipped):
    config = Config(lr=1, inner=Config(steps=Steps([1, 2])))
    config.frozen = True
    content = {"args": argparse.Namespace(x=1), "cfg": config, "steps": Steps([3]), "model": STATE}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    tensors = read_weights(tmp_path / "a.pth").tensors
    assert all(torch.equal(tensors[name], STATE[name]) for name in STATE)


def test_a_state_dict_that_is_a_kind_of_dict_is_read(tmp_path):
    torch.save(Config(state_dict=Config(STATE)), tmp_path / "a.pth")
    assert read_weights(tmp_path / "a.pth").tensors.keys() == STATE.keys()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"model": torch.nn.Linear(1, 1)}, "Linear"),
        (torch.nn.Linear(1, 1), "Linear"),
        ({"args": argparse.Namespace(x=1), "model": torch.nn.Linear(1, 1)}, "Linear"),
    ],
)
def test_what_would_have_to_be_made_is_named(tmp_path, content, named):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=rf"refused: reading it would call \S*{named}"):
        read_weights(tmp_path / "a.pth")


def test_a_checkpoint_that_holds_itself_ends(tmp_path):
    content = {"epoch": 1}
    content["model"] = content
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="it contains no tensor, but epoch, model"):
        read_weights(tmp_path / "a.pth")


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_does_not_run_and_is_named(tmp_path, monkeypatch, zipped):
    monkeypatch.chdir(tmp_path)
    content = {"state_dict": STATE, "other": Harmful()}
    torch.save(content, "a.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError) as raised:
        read_weights(tmp_path / "a.pth")
    assert str(raised.value) == (
        f"{tmp_path}/a.pth: refused: reading it would call {os.mkdir.__module__}.mkdir, which is "
        "neither a tensor nor plain data; get only the weights, as a state dict or safetensors"
    )
    assert not (tmp_path / "harm").exists()


def half_of(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def make_truncated_safetensors(path):
    save_weights(path, STATE, {})
    half_of(path)


def make_truncated_pickle(path):
    torch.save(STATE, path)
    half_of(path)


def make_truncated_old_pickle(path):
    torch.save(STATE, path, _use_new_zipfile_serialization=False)
    half_of(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no weights: no such file"),
        (lambda path: path.mkdir(), "none of model.safetensors, model.safetensors.index.json, p"),
        (lambda path: path.write_bytes(b""), "not a readable model file (empty)"),
        (lambda path: path.write_text("a note"), "(neither safetensors, nor PyTorch's, nor Tensor"),
        (lambda path: path.write_text("<html>404</html>"), "(a web page instead of the file"),
        (make_truncated_safetensors, "(truncated: it has 220 of 440 bytes)"),
        (make_truncated_pickle, "(truncated: the end is missing after "),
        (make_truncated_old_pickle, "not a readable model file"),
        (lambda path: torch.save([1, 2], path), "no weights: it contains a list, not tensors"),
        (
            lambda path: torch.save({"epoch": 3, "optimizer": {"a": torch.ones(1)}}, path),
            "no weights: it contains no tensor, but epoch, optimizer; save the tensors under",
        ),
        (
            lambda path: path.write_text(
                "version https://git-lfs.github.com/spec/v1\noid sha256:0"
            ),
            "a Git LFS pointer, not the file itself; run git lfs pull in its repository",
        ),
        (
            lambda path: torch.jit.save(torch.jit.script(torch.nn.ReLU()), path),
            "a TorchScript program, not weights; give it as the model exported:FILE, or save",
        ),
    ],
)
def test_what_is_not_a_weight_file_is_named_in_one_line(tmp_path, make, message):
    path = tmp_path / "weights"
    make(path)
    with pytest.raises(WeightsError) as raised:
        read_weights(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < len(str(path)) + 200


@pytest.mark.parametrize("length", [0x80, 0x280, 0x4B50])
def test_the_length_of_a_header_is_not_taken_for_another_format(tmp_path, length):
    # The first byte of a pickle is 0x80, the first two of a zip are "PK" (0x4b50).
    header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.ljust(length)
    path = tmp_path / "mine.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + header + np.ones(2, "<f4").tobytes())
    assert read_weights(path).tensors["a"].tolist() == [1, 1]
