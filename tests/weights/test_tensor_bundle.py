from pathlib import Path

import numpy as np
import pytest
import torch
from bundle_writer import variables, write_bundle

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights import digest_weights, find_weights, read_weights
from robustbench_seg.weights.readers.tensor_bundle import read_tensor_bundle

BY_TENSORFLOW = Path(__file__).parents[1] / "data" / "weights" / "model.ckpt.index"


def test_a_checkpoint_written_by_tensorflow():
    """By the Saver of TensorFlow 2.21: each variable counts up from its rank in the list."""
    scope = "xception_65/middle_flow/block1/unit_{}/xception_module/separable_conv1_depthwise/"
    wanted = {
        "xception_65/entry_flow/conv1_1/weights": ((3, 3, 3, 4), np.float32),
        "global_step": ((), np.int64),
        "half": ((5,), np.float16),
        "empty": ((0, 3), np.float32),
        "double": ((2, 2), np.float64),
        **{scope.format(i) + "BatchNorm/gamma": ((i,), np.float32) for i in range(1, 17)},
    }
    tensors = read_tensor_bundle(BY_TENSORFLOW)
    # The string tensor "name" is not a weight.
    assert tensors.keys() == wanted.keys()
    for rank, (name, (shape, dtype)) in enumerate(wanted.items()):
        values = np.arange(np.prod(shape, dtype=int)).reshape(shape) + rank
        assert tensors[name].numpy().dtype == dtype
        assert np.array_equal(tensors[name].numpy(), values.astype(dtype))


@pytest.mark.parametrize("shards", [1, 3])
def test_all_blocks_and_shards_are_read(tmp_path, shards):
    wanted = variables()
    tensors = read_tensor_bundle(write_bundle(tmp_path / "model.ckpt-30000", wanted, shards))
    assert tensors.keys() == wanted.keys()
    assert all(np.array_equal(tensors[name].numpy(), wanted[name]) for name in wanted)


def test_a_checkpoint_is_found_by_its_index_name_or_folder(tmp_path):
    index = write_bundle(tmp_path / "model.ckpt", {"a": np.ones(2, np.float16)})
    for path in (index, tmp_path / "model.ckpt", tmp_path):
        assert find_weights(path) == index
        assert torch.equal(read_weights(path).tensors["a"], torch.ones(2))
    write_bundle(tmp_path / "other.ckpt", {"a": np.ones(2, np.float16)})
    with pytest.raises(WeightsError, match="no weights: it contains none of"):
        find_weights(tmp_path)


def test_the_digest_is_of_the_shards_too(tmp_path):
    paths = [tmp_path / name / "model.ckpt" for name in ("one", "same", "other")]
    for path in paths:
        path.parent.mkdir()
        values = variables()
        if "other" in path.parts:
            name = max(values, key=lambda name: values[name].size)
            values[name] = values[name] + 1
        write_bundle(path, values, shards=2)
    indices = [find_weights(path) for path in paths]
    for index in indices:
        index.write_bytes(indices[0].read_bytes())  # it has the checksums of the shards
    one, same, other = map(digest_weights, indices)
    assert one == same != other


def without_a_shard(path):
    write_bundle(path, variables(), shards=2)
    Path(f"{path}.data-00001-of-00002").unlink()


def with_a_truncated_shard(path):
    write_bundle(path, variables())
    shard = Path(f"{path}.data-00000-of-00001")
    shard.write_bytes(shard.read_bytes()[:-4])


def with_a_flipped_bit(path):
    write_bundle(path, variables())
    shard = Path(f"{path}.data-00000-of-00001")
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 4
    shard.write_bytes(data)


def with_another_name(path):
    index = write_bundle(path, variables())
    index.write_bytes(index.read_bytes().replace(b"unit_1/gamma", b"unit_1/gamna", 1))


def truncated(path):
    index = write_bundle(path, variables())
    index.write_bytes(index.read_bytes()[:-20])


def with_bytes_lost(path):
    index = write_bundle(path, variables())
    index.write_bytes(index.read_bytes()[200:])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: write_bundle(path, variables(), compression=1), "compressed; save the"),
        (
            lambda path: write_bundle(path, variables(), sliced=["half"]),
            "'half' is saved in slices",
        ),
        (without_a_shard, "model.ckpt.data-00001-of-00002: no such file; put it next to"),
        (with_a_truncated_shard, "/gamma' is truncated"),
        (with_a_flipped_bit, "/gamma' is damaged"),
        (with_another_name, "not a readable model file (damaged)"),
        (truncated, "it is truncated, or not the index of a TensorFlow checkpoint"),
        (with_bytes_lost, "damaged"),
        (lambda path: Path(f"{path}.index").write_bytes(b""), "not a readable model file (empty)"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(tmp_path, make, message):
    make(tmp_path / "model.ckpt")
    with pytest.raises(WeightsError) as raised:
        read_weights(tmp_path / "model.ckpt.index")
    assert message in str(raised.value)
    assert str(raised.value).startswith(f"{tmp_path}/model.ckpt.")
    assert "\n" not in str(raised.value)
