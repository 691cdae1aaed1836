"""Damaged, cut and hostile files of every format: one line that names the file, or the tensors."""

import io
import os
import pickle
import struct
import tracemalloc
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from bundle_writer import variables, write_bundle

from robustbench_seg.errors import WeightsError
from robustbench_seg.weights import read_weights, save_weights

STATE = OrderedDict(
    {"conv.weight": torch.linspace(-3, 3, 60).reshape(3, 5, 2, 2), "steps": torch.tensor(1000)}
)
CONTENT = {"state_dict": STATE, "meta": {"epoch": 1, "best": np.float64(0.5)}}


def write_safetensors(path):
    save_weights(path, STATE, {})
    return path


def write_zip(path):
    torch.save(CONTENT, path)
    return path


def write_legacy(path):
    torch.save(CONTENT, path, _use_new_zipfile_serialization=False)
    return path


def write_index(path):
    return write_bundle(path, variables())


WRITERS = [write_safetensors, write_zip, write_legacy, write_index]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("seed", range(60))
def test_damage_is_one_line(tmp_path, write, seed):
    path = write(tmp_path / "weights")
    data, random = bytearray(path.read_bytes()), np.random.default_rng(seed)
    if seed % 3 == 0:
        data = data[: random.integers(len(data))]
    elif seed % 3 == 1:
        for place in random.integers(len(data), size=4):
            data[place] = random.integers(256)
    else:
        start = random.integers(len(data))
        data[start : start + random.integers(1, 40)] = random.bytes(random.integers(40))
    path.write_bytes(data)
    message = ""
    try:
        read_weights(path)  # may succeed, for example with a changed name
    except WeightsError as error:
        message = str(error).removeprefix(f"{tmp_path}/weights")
        assert len(message) < len(str(error))  # noqa: PT017
    assert "\n" not in message
    assert len(message) < 250


def test_a_flipped_bit_in_a_tensor_of_a_zip_is_noticed(tmp_path):
    path = write_zip(tmp_path / "a.pth")
    data = bytearray(path.read_bytes())
    place = data.index(STATE["conv.weight"].numpy().tobytes())
    data[place + 5] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="damaged: Bad CRC-32 for file"):
        read_weights(path)


@pytest.mark.parametrize("write", [write_safetensors, write_zip, write_legacy])
@pytest.mark.parametrize("rest", [0.02, 0.3, 0.999])
def test_a_cut_file_is_refused(tmp_path, write, rest):
    path = write(tmp_path / "a")
    os.truncate(path, int(path.stat().st_size * rest))
    with pytest.raises(WeightsError, match="not a readable model file"):
        read_weights(path)


def refused(path):
    """The error of a file, which must need little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError) as raised:
            read_weights(path)
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
    assert "\n" not in str(raised.value)
    return str(raised.value).removeprefix(f"{path}: ")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(100 << 20))
    assert refused(path) == (
        "not unpacked: 0.1 MB would become 105 MB, which is too much for weights; get the file "
        "from its publisher"
    )


def archive_of(path, data_pkl):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", data_pkl)
        archive.writestr("a/data/0", bytes(4))
        archive.writestr("a/version", "3\n")


LENGTH = struct.pack("<Q", 20 << 30)


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x05\x96" + LENGTH + b".",  # a bytearray of 20 GB
        b"\x80\x04\x8e" + LENGTH + b".",  # bytes
        b"\x80\x04\x8d" + LENGTH + b".",  # text
        b"\x80\x04\x95" + LENGTH + b"N.",  # a frame
        b"\x80\x02}r\xff\xff\xff\xff.",  # the last index of the memo
        b"\x80\x02cbuiltins\nbytearray\n\x8a\x05\0\0\0\0\x05\x85R.",  # a call that allocates 20 GB
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_claims_no_more_memory_than_it_has_bytes(tmp_path, program, zipped):
    path = tmp_path / "a.pth"
    if zipped:
        archive_of(path, program)
    else:
        path.write_bytes(program)
    refused(path)


def test_hashes_that_never_end_are_not_computed(tmp_path):
    # A key that is a tuple nested sixty deep.
    archive_of(tmp_path / "a.pth", b"\x80\x02}N" + b"2\x86" * 60 + b"Ns.")
    assert "no weights" in refused(tmp_path / "a.pth")


def test_a_small_storage_is_not_widened_to_a_large_tensor(tmp_path):
    torch.save({"a": torch.ones(1).expand(1000, 1000, 1000)}, tmp_path / "a.pth")
    assert "MB would become 4,000 MB, which is too much for weights" in refused(tmp_path / "a.pth")


def test_a_tensor_outside_its_storage_is_refused(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"a": torch.ones(300)}, path)
    with zipfile.ZipFile(path) as archive:
        program = archive.read("a/data.pkl")
    # Change only its shape, not the number of elements of the storage.
    place = program.rindex(b"M\x2c\x01")
    program = program[:place] + b"M\x2d\x01" + program[place + 3 :]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", program)
        archive.writestr("a/data/0", torch.ones(300).numpy().tobytes())
    assert "damaged" in refused(path)


def test_a_pickle_of_others_is_told_from_torch_s(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a": 1}))
    assert refused(tmp_path / "a.pkl").startswith(
        "not a readable model file (a pickle, but not of torch.save)"
    )


def test_an_archive_of_others_is_told_from_torch_s(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("model.safetensors", b"")
    (tmp_path / "a.zip").write_bytes(packed.getvalue())
    assert "a zip archive without PyTorch's data.pkl" in refused(tmp_path / "a.zip")


def test_parameters_shared_storages_and_views_are_read(tmp_path):
    base = torch.arange(12.0).reshape(3, 4)
    state = {
        "p": torch.nn.Parameter(base.clone()),
        "t": base.T,
        "row": base[1, 1:3],
        "half": base.half(),
        "brain": base.bfloat16(),
        "flag": torch.tensor([True, False]),
        "empty": torch.zeros(0, 3),
        "wide": base.to(torch.uint16),
    }
    for zipped in (True, False):
        torch.save(state, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
        tensors = read_weights(tmp_path / "a.pth").tensors
        for name, value in state.items():
            value = value.float() if name in ("half", "brain") else value
            assert tensors[name].dtype == value.dtype
            assert torch.equal(tensors[name], value)
