"""Weights in several files, as transformers saves them above max_shard_size."""

import json
import shutil

import pytest
import torch
from safetensors.torch import save_file
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from robustbench_seg.architectures import build
from robustbench_seg.errors import WeightsError
from robustbench_seg.weights import digest_weights, find_weights, load_weights, read_weights

INDEX = "model.safetensors.index.json"


@pytest.fixture
def folder(tmp_path):
    """A folder of two shards, safetensors, and what they hold together."""
    folder = tmp_path / "many"
    folder.mkdir()
    state = {name: torch.full((3,), float(i)) for i, name in enumerate("abcd")}
    places = {"a": "one.safetensors", "b": "two.safetensors", "c": "one.safetensors"}
    places["d"] = "two.safetensors"
    for shard in set(places.values()):
        save_file({n: state[n] for n, s in places.items() if s == shard}, folder / shard)
    write_index(folder, places)
    return folder, state


def write_index(folder, places):
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))


def message(path):
    with pytest.raises(WeightsError) as raised:
        read_weights(path)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_transformers_shards_are_the_whole_network(tmp_path):
    torch.manual_seed(0)
    network = SegformerForSemanticSegmentation(
        SegformerConfig(hidden_sizes=[32, 64, 160, 256], num_labels=19, decoder_hidden_size=256)
    )
    network.save_pretrained(tmp_path / "one")
    network.save_pretrained(tmp_path / "many", max_shard_size="4MB")
    assert not (tmp_path / "many" / "model.safetensors").exists()
    one, many = (build("segformer", 19, size="b0") for _ in range(2))
    load_weights(one, tmp_path / "one")
    load_weights(many, tmp_path / "many")
    assert all(torch.equal(many.state_dict()[n], value) for n, value in one.state_dict().items())


@pytest.mark.parametrize("name", ["", INDEX])
def test_shards_are_found_by_folder_or_index(folder, name):
    folder, state = folder
    assert find_weights(folder / name) == folder / INDEX
    tensors = read_weights(folder / name).tensors
    assert tensors.keys() == state.keys()
    assert all(torch.equal(tensors[n], state[n]) for n in state)


def test_pickled_shards_are_read(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "pytorch_model-00001-of-00002.bin")
    torch.save({"b": torch.zeros(2)}, tmp_path / "pytorch_model-00002-of-00002.bin")
    places = {n: f"pytorch_model-0000{i}-of-00002.bin" for i, n in ((1, "a"), (2, "b"))}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": places}))
    assert read_weights(tmp_path).tensors.keys() == {"a", "b"}


def test_every_shard_counts_for_the_digest(folder, tmp_path):
    folder, state = folder
    shutil.copytree(folder, tmp_path / "same")
    digest = digest_weights(folder / INDEX)
    assert digest_weights(tmp_path / "same" / INDEX) == digest
    save_file({"b": state["b"] + 1, "d": state["d"]}, folder / "two.safetensors")
    assert digest_weights(folder / INDEX) != digest


def test_a_missing_shard_is_named(folder):
    folder, _ = folder
    (folder / "two.safetensors").unlink()
    assert message(folder) == (
        f"{folder}/two.safetensors: no such file, but {INDEX} lists it; get all shards"
    )


def test_a_shard_that_lacks_a_tensor_is_named(folder):
    folder, state = folder
    save_file({"b": state["b"]}, folder / "two.safetensors")
    assert f"two.safetensors: it lacks d, which {INDEX} lists" in message(folder)


def test_a_shard_that_is_a_pointer_is_named(folder):
    folder, _ = folder
    (folder / "two.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert message(folder).startswith(f"{folder}/two.safetensors: a Git LFS pointer")


@pytest.mark.parametrize(
    "place", ["../one.safetensors", "/etc/passwd", "a/b", "..", "", "C:\\a", 3, None, ["a"]]
)
def test_a_shard_lies_beside_its_index(folder, place):
    folder, _ = folder
    write_index(folder, {"a": "one.safetensors", "b": place})
    assert f"{folder}/{INDEX}: refused: its shard {place!r} is not the name of a file" in message(
        folder
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"weight_map": 3}', "{}", "[" * 100_000, "\xff"])
def test_a_damaged_index_is_one_line(folder, text):
    folder, _ = folder
    (folder / INDEX).write_text(text, encoding="latin-1")
    assert message(folder).startswith(f"{folder}/{INDEX}: not a readable model file (")


def test_an_empty_index_holds_no_weights(folder):
    folder, _ = folder
    write_index(folder, {})
    assert (
        message(folder)
        == f"{folder}/{INDEX}: no weights: its weight_map is empty; save the weights again"
    )
