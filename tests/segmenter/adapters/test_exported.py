"""exported: programs of torch.export and TorchScript, made in these tests."""

import io
import pickle
import warnings
import zipfile

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from robustbench_seg.errors import OptionError, RobustsegError
from robustbench_seg.files import digest_file
from robustbench_seg.segmenter import load_segmenter, why_no_confidence

IMAGE = np.random.default_rng(0).integers(0, 256, (67, 90, 3), np.uint8)
SIDECAR = 'name = "small"\nclasses = ["sky", "road", "car"]\n{more}'
MEAN = "mean = [0.4, 0.5, 0.6]\nstd = [0.2, 0.25, 0.3]\n"
FREE = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=4, padding=2), nn.BatchNorm2d(8), nn.ReLU()
        )
        self.head = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, images):
        return self.head(self.backbone(images))


class Ends(nn.Module):
    """Like Small, with another last layer."""

    def __init__(self, end, begin=None):
        super().__init__()
        self.network, self.end, self.begin = small(), end, begin or nn.Identity()

    def forward(self, images):
        return self.end(self.network(self.begin(images)))


class Call(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def small():
    torch.manual_seed(0)
    network = Small().eval()
    network.backbone[1].running_mean += 0.1
    return network


def export(path, network, images=None, dynamic=FREE):
    """Write a .pt2 or, by its name, a TorchScript file."""
    images = torch.rand(1, 3, 48, 64) if images is None else images
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.suffix == ".pt2":
            program = torch.export.export(network, (images,), dynamic_shapes=(dynamic,))
            torch.export.save(program, path)
        else:
            torch.jit.trace(network, images, strict=False).save(str(path))


def describe(path, more=MEAN):
    path.with_suffix(".toml").write_text(SIDECAR.format(more=more))
    return path


def normalised(image=IMAGE):
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in ((0.4, 0.5, 0.6), (0.2, 0.25, 0.3)))
    return (torch.from_numpy(image).permute(2, 0, 1)[None] / 255 - mean) / std


@torch.inference_mode()
def wanted(batch=None, size=None):
    batch = normalised() if batch is None else batch
    if size:
        batch = F.interpolate(batch, size, mode="bilinear", align_corners=False)
    return F.interpolate(small()(batch), IMAGE.shape[:2], mode="bilinear", align_corners=False)


def message(path):
    with pytest.raises(RobustsegError) as raised:
        load_segmenter(f"exported:{path}")(IMAGE)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.fixture(params=["pt2", "pt"])
def path(request, tmp_path):
    return tmp_path / f"mine.{request.param}"


def test_a_program_gives_its_labels(path):
    export(describe(path), small())
    segmenter = load_segmenter(f"exported:{path}")
    torch.testing.assert_close(segmenter.logits(IMAGE), wanted(), rtol=0, atol=1e-5)
    labels = segmenter(IMAGE)
    assert (labels == wanted().argmax(1)[0].numpy()).mean() > 0.999
    assert (segmenter(IMAGE) == labels).all(), "no run differs from the first"
    assert (segmenter.name, segmenter.classes) == ("small", ("sky", "road", "car"))
    record, about = segmenter.record, segmenter.about
    assert (record.architecture, record.runtime, record.variant) == ("exported", "torch", {})
    assert record.weights == digest_file(path)
    assert record.laws == {"exported": 1, "inference": 1}
    assert about.location == f"exported:{path}"
    assert about.params == sum(each.numel() for each in small().parameters())
    assert why_no_confidence(segmenter) is None


def test_windows_go_through_one_by_one(path):
    export(describe(path, MEAN + '[inference]\nmode = "slide"\ncrop = 48\nstride = 32'), small())
    sliding = load_segmenter(f"exported:{path}").logits(IMAGE)
    assert sliding.shape == (1, 3, 67, 90)
    torch.testing.assert_close(sliding[..., 8:24, 8:24], wanted()[..., 8:24, 8:24], rtol=0, atol=1)


def test_one_size_is_read_from_a_program_of_torch_export(tmp_path):
    path = tmp_path / "mine.pt2"
    export(describe(path), small(), dynamic=None)
    segmenter = load_segmenter(f"exported:{path}")
    assert segmenter.record.input_size == (48, 64)
    expected = wanted(size=(48, 64))
    torch.testing.assert_close(segmenter.logits(IMAGE), expected, rtol=0, atol=1e-5)
    describe(path, MEAN + "input_size = [32, 32]")
    assert "input_size is 32x32, but the graph takes 48x64" in message(path)


def test_the_sidecar_says_the_size_of_a_traced_one(tmp_path):
    path = tmp_path / "mine.pt"
    flat = Ends(Call(lambda logits: logits.reshape(1, 3, 12, 16)))
    export(describe(path), flat)
    assert "does not take an image of 67x90 (" in message(path)
    assert message(path).endswith("give input_size in its TOML file")
    describe(path, MEAN + "input_size = [48, 64]")
    expected = wanted(size=(48, 64))
    segmenter = load_segmenter(f"exported:{path}")
    torch.testing.assert_close(segmenter.logits(IMAGE), expected, rtol=0, atol=1e-5)


def test_a_fixed_batch_of_a_program(tmp_path):
    path = tmp_path / "mine.pt2"
    export(describe(path), small(), torch.rand(2, 3, 48, 64))
    logits = load_segmenter(f"exported:{path}").logits(IMAGE)
    torch.testing.assert_close(logits, wanted(), rtol=0, atol=1e-5)


def test_bytes_with_the_channels_last(path):
    begin = Call(lambda images: images.permute(0, 3, 1, 2).float() / 255)
    end = Call(lambda logits: logits.permute(0, 2, 3, 1))
    images = torch.zeros(1, 48, 64, 3, dtype=torch.uint8)
    free = {1: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC}
    export(path, Ends(end, begin), images, free)
    layouts = 'layout = "NHWC"\noutput_layout = "NHWC"\n'
    describe(path, "" if path.suffix == ".pt2" else layouts)
    expected = wanted(torch.from_numpy(IMAGE).permute(2, 0, 1)[None] / 255)
    logits = load_segmenter(f"exported:{path}").logits(IMAGE)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


def test_one_of_several_outputs(path):
    export(describe(path), Ends(Call(lambda x: {"aux": -x, "out": x})))
    assert message(path) == (
        f"exported:{path}: returns 2 outputs: 'aux', 'out'; choose one in its TOML file, such as "
        'output = "aux"'
    )
    describe(path, MEAN + 'output = "out"')
    logits = load_segmenter(f"exported:{path}").logits(IMAGE)
    torch.testing.assert_close(logits, wanted(), rtol=0, atol=1e-5)
    describe(path, MEAN + 'output = "oud"')
    assert "unknown output 'oud'; did you mean 'out'?" in message(path)
    export(describe(path, MEAN + 'output = "1"'), Ends(Call(lambda x: (-x, x))))
    logits = load_segmenter(f"exported:{path}").logits(IMAGE)
    torch.testing.assert_close(logits, wanted(), rtol=0, atol=1e-5)


def test_labels_are_said_to_be_labels(path):
    export(describe(path), Ends(Call(lambda x: x.argmax(1))))
    assert message(path) == (
        f"exported:{path}: returns int64; if these are class indices, give answer = "
        '"labels" in its TOML file'
    )
    describe(path, MEAN + 'answer = "labels"')
    segmenter = load_segmenter(f"exported:{path}")
    assert why_no_confidence(segmenter) == "its graph returns labels"
    with torch.inference_mode():
        quarter = small()(normalised()).argmax(1)
    one_hot = F.one_hot(quarter, 3).permute(0, 3, 1, 2).float()
    expected = F.interpolate(one_hot, IMAGE.shape[:2], mode="bilinear").argmax(1)[0].numpy()
    assert (segmenter(IMAGE) == expected).mean() > 0.999


def test_without_a_sidecar_one_to_fill_in_is_printed(path):
    export(path, small())
    with pytest.raises(RobustsegError) as raised:
        load_segmenter(f"exported:{path}")
    first, _, template = str(raised.value).partition("\n\n")
    assert first == (
        f"{path}: there is no mine.toml next to it, which describes its inputs and outputs; "
        "create one from this template:"
    )
    filled = template.replace('dataset = "cityscapes"', 'classes = ["sky", "road", "car"]')
    path.with_suffix(".toml").write_text(filled)
    assert load_segmenter(f"exported:{path}").name == "mine"


def test_another_number_of_classes_is_said(path):
    export(path, small())
    text = SIDECAR.format(more=MEAN).replace('"car"]', '"car", "bus"]')
    path.with_suffix(".toml").write_text(text)
    told = (
        "returns float32 1x3x17x23"
        if path.suffix == ".pt"
        else "the graph returns 3 classes, but 4 a"
    )
    assert told in message(path)


def test_what_is_no_program_is_refused(tmp_path):
    path = describe(tmp_path / "mine.pt2")
    assert message(path) == f"exported:{path}: there is no such file"
    path.write_bytes(b"no program")
    assert "neither a file of torch.export nor of TorchScript" in message(path)
    torch.save(small().state_dict(), path)
    assert message(path).endswith("give a card as model and the file as weights")
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    assert "git lfs pull" in message(path)
    export(path, small())
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert "mine.pt2: not a readable model file (truncated: the end is missing" in message(path)
    two = torch.export.export(Two(), (torch.rand(1, 3, 8, 8),) * 2)
    torch.export.save(two, path)
    assert "takes 2 inputs; expected one image" in message(path)


class Two(nn.Module):
    def forward(self, a, b):
        return a + b


class Touch:
    """A pickle that writes a file when it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def replaced(path, ending, data):
    """The archive with another content of one member; uncompressed, as torch writes it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (name,) = [each for each in members if each.endswith(ending)]
    members[name] = data(members[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for each, content in members.items():
            archive.writestr(each, content)


@pytest.mark.parametrize("place", ["sample_inputs/model.pt", "weights/weight_0"])
def test_no_pickle_of_code_is_loaded(tmp_path, place):
    path = describe(tmp_path / "mine.pt2")
    export(path, small())
    buffer = io.BytesIO()
    torch.save({"a": Touch(tmp_path / "touched")}, buffer, pickle_module=pickle)
    replaced(path, place, lambda _: buffer.getvalue())
    if "weights" in place:
        replaced(
            path,
            "model_weights_config.json",
            lambda old: old.replace(b'"use_pickle": false', b'"use_pickle": true'),
        )
    told = message(path)
    assert "is a pickle with more than tensors, which may run code; export it again" in told
    assert not (tmp_path / "touched").exists()


def test_objects_and_machine_code_are_refused(tmp_path):
    path = describe(tmp_path / "mine.pt2")
    export(path, small())
    config = b'{"config": {"a": {"path_name": "opaque_obj_0", "use_pickle": true}}}'
    replaced(path, "model_constants_config.json", lambda _: config)
    assert "refused: it contains objects that are not tensors" in message(path)
    export(path, small())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("mine/data/aotinductor/model/a.so", b"")
    assert "refused: it contains machine code (AOTInductor)" in message(path)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"precision": "bf16"}, "leave out precision"),
        ({"weights": "none"}, "leave out weights"),
        ({"backend": "openvino"}, "leave out backend"),
    ],
)
def test_what_a_program_cannot_do_is_refused(path, options, told):
    export(describe(path), small())
    with pytest.raises(OptionError) as raised:
        load_segmenter(f"exported:{path}", **options)
    assert told in str(raised.value)
