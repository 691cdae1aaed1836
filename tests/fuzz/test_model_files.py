"""Weight files of every format, ONNX graphs and folders of transformers."""

import io
import json
import pickle
import re
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mutations import HOSTILE, ONLY_JSON, altered, damaged
from safetensors.torch import save
from torch import nn
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.segmenter import load_segmenter
from robustbench_seg.segmenter.adapters.programs.onnx_export import export_onnx
from robustbench_seg.weights import read_weights
from tests.fuzz.conftest import randoms, seeds

sys.path.insert(0, str(Path(__file__).parents[1] / "weights"))
from bundle_writer import write_bundle

IMAGE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def tensors():
    generator = torch.Generator().manual_seed(0)
    shapes = {"a.weight": (8, 3, 3, 3), "a.bias": (8,), "b.running_var": (4,), "steps": ()}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def saved(**options) -> bytes:
    file = io.BytesIO()
    state = {"state_dict": tensors(), "meta": {"CLASSES": ("a", "b"), "epoch": 3}}
    torch.save(state, file, **options)
    return file.getvalue()


def legacy() -> bytes:
    """A file of torch before 1.6. Its storages are named by their addresses: here by numbers."""
    data = saved(_use_new_zipfile_serialization=False)
    for n, name in enumerate(sorted(set(re.findall(rb"\d{12,}", data)))):
        data = data.replace(name, b"%0*d" % (len(name), n))
    return data


def archive() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        data = saved()
        info = tarfile.TarInfo("net/model.pth")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


WEIGHTS = {
    "pth": saved(),
    "legacy.pth": legacy(),
    "safetensors": save(tensors()),
    "pickled.pth": pickle.dumps({name: value.numpy() for name, value in tensors().items()}),
    "tar.gz": archive(),
}


@seeds(200, 4000)
@pytest.mark.parametrize("kind", WEIGHTS)
def test_a_weight_file(attack, tmp_path, kind, seeds):
    path = tmp_path / f"mine.{kind}"
    for seed, random in randoms(seeds, kind):
        done, data = damaged(WEIGHTS[kind], random)
        path.write_bytes(data)
        attack.read(seed, done, lambda: read_weights(path))


@seeds(200, 4000)
def test_a_tensorflow_checkpoint(attack, tmp_path, seeds):
    values = {name: np.asarray(value) for name, value in tensors().items()}
    index = write_bundle(tmp_path / "model.ckpt", values, shards=2)
    files = sorted(tmp_path.glob("model.ckpt*"))
    valid = {file: file.read_bytes() for file in files}
    assert len(read_weights(index).tensors) == len(values)
    for seed, random in randoms(seeds, "bundle"):
        file = random.choice(files)
        done, data = damaged(valid[file], random)
        file.write_bytes(data)
        attack.read(seed, f"{file.name}: {done}", lambda: read_weights(index))
        file.write_bytes(valid[file])


def segmented(model: str, **options):
    labels = load_segmenter(model, **options)(IMAGE)
    assert labels.shape == IMAGE.shape[:2]
    assert labels.dtype == np.uint8
    return labels


class Small(SegmentationNetwork):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 5, stride=4, padding=2), nn.ReLU())
        self.head = nn.Conv2d(4, 3, 1)

    def forward(self, images):
        return self.head(self.backbone(images))


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "mine.onnx"
    export_onnx(
        Small().eval(),
        path,
        name="small",
        size=(48, 64),
        classes=("sky", "road", "car"),
        preprocessing=Preprocessing((0.4, 0.5, 0.6), (0.2, 0.25, 0.3)),
        inference=Inference("whole"),
    )
    return path


@seeds(200, 3000)
def test_an_onnx_graph(attack, graph, seeds):
    valid = graph.read_bytes()
    segmented(f"onnx:{graph}")  # imports the libraries, so that no input is charged for it
    for seed, random in randoms(seeds, "onnx"):
        done, data = damaged(valid, random)
        graph.write_bytes(data)
        attack.read(seed, done, lambda: segmented(f"onnx:{graph}"))
    graph.write_bytes(valid)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("hf") / "mine"
    names = {0: "sky", 1: "road", 2: "car"}
    config = SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 24, 32],
        num_attention_heads=[1, 1, 1, 2],
        decoder_hidden_size=16,
        id2label=names,
        label2id={name: n for n, name in names.items()},
    )
    SegformerForSemanticSegmentation(config).save_pretrained(folder)
    processor = {
        "image_processor_type": "SegformerImageProcessor",
        "do_normalize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "image_mean": [0.4, 0.5, 0.6],
        "image_std": [0.2, 0.25, 0.3],
        "do_resize": True,
        "size": {"height": 48, "width": 64},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


@seeds(40, 1500)
@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_folder_of_transformers(attack, folder, name, seeds):
    path = folder / name
    valid = path.read_bytes()
    for seed, random in randoms(seeds, name):
        if seed % 2 or not name.endswith(".json"):
            done, data = damaged(valid, random)
        else:
            done, changed = altered(json.loads(valid), random, HOSTILE + ONLY_JSON)
            data = json.dumps(changed).encode()
        path.write_bytes(data)
        attack.read(seed, done, lambda: segmented(f"hf:{folder}"))
    path.write_bytes(valid)
