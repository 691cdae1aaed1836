"""TOML files that users write: cards, protocols, dataset files, sidecars of ONNX graphs."""

import tomllib
from importlib import resources

import numpy as np
import pytest
import tomli_w
from mutations import HOSTILE, altered, damaged
from PIL import Image

from robustbench_seg.corruption import corrupt
from robustbench_seg.datasets import open_dataset
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.segmenter import load_model
from robustbench_seg.segmenter.adapters.programs.sidecar import parse_sidecar
from tests.fuzz.conftest import randoms, seeds

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)

DATASET = """
name = "stones"
images = "photos/{split}/*.png"
labels = "masks/{split}/*.png"
classes = ["rock", "grass", "sky"]
palette = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
ignore = [0, 255]
clip = 2
image_size = [40, 56]
[label_map]
1 = "rock"
7 = 1
300 = "sky"
[groups]
ground = ["rock", "grass"]
"""

SIDECAR = """
name = "small"
mean = [0.4, 0.5, 0.6]
std = [0.2, 0.25, 0.3]
classes = ["sky", "road", "car"]
input_size = [48, 64]
[inference]
mode = "slide"
crop = [48, 64]
stride = [32, 48]
"""


@pytest.fixture
def stones(tmp_path):
    for folder, pixels in (("photos", IMAGE), ("masks", np.zeros(IMAGE.shape[:2], np.uint8))):
        (tmp_path / folder / "val").mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / folder / "val/1.png")
    return tmp_path / "stones.toml"


def shipped(folder: str, name: str) -> str:
    return (resources.files(f"robustbench_seg.content.{folder}") / f"{name}.toml").read_text()


def texts(valid: str, seeds, kind: str):
    """Damaged bytes, and files with other values in them, in turn."""
    tree = tomllib.loads(valid)
    for seed, random in randoms(seeds, kind):
        if seed % 2:
            done, data = damaged(valid.encode(), random)
        else:
            done, changed = altered(tree, random, HOSTILE)
            data = tomli_w.dumps(changed).encode()
        yield seed, random, done, data


@seeds(300, 5000)
def test_a_dataset_file(attack, stones, seeds):
    stones.write_text(DATASET)
    assert len(open_dataset(stones)) == 1
    for seed, _, done, data in texts(DATASET, seeds, "dataset"):
        stones.write_bytes(data)
        attack.read(seed, done, lambda: open_dataset(stones)[0])


@seeds(300, 5000)
@pytest.mark.parametrize("name", ["segformer-b0", "deeplabv3plus-mobilenetv2-minicity"])
def test_a_card(attack, tmp_path, name, seeds):
    valid = shipped("models", name)
    card = tmp_path / "mine.toml"
    for seed, _, done, data in texts(valid, seeds, name):
        card.write_bytes(data)
        attack.read(seed, done, lambda: load_card(card))


@seeds(60, 600)
def test_a_network_by_a_card(attack, tmp_path, seeds):
    """A card may ask for any network: one that cannot be built, or is too large, is refused."""
    valid = shipped("models", "segformer-b0")
    tree = tomllib.loads(valid)
    card = tmp_path / "mine.toml"
    for seed, random in randoms(seeds, "network"):
        done, changed = altered(tree["variant"], random, HOSTILE)
        card.write_text(tomli_w.dumps({**tree, "variant": changed}))
        attack.read(seed, done, lambda: load_model(str(card), weights="none"))


@seeds(300, 3000)
@pytest.mark.parametrize("name", ["cityscapes-c", "mpc-15"])
def test_a_protocol(attack, tmp_path, name, seeds):
    valid = shipped("corruptions", name)
    path = tmp_path / "mine.toml"
    for seed, random, done, data in texts(valid, seeds, name):
        path.write_bytes(data)
        protocol = attack.read(seed, done, lambda: load_protocol(path))
        if protocol is not None:
            # An accepted protocol must be able to corrupt images.
            condition = random.choice(protocol.conditions((), ()))
            attack.read(
                seed,
                f"{done}: {condition}",
                lambda c=condition, p=protocol: corrupt(IMAGE, c.name, c.severity, protocol=p),
            )


@seeds(300, 3000)
def test_a_sidecar(attack, seeds):
    for seed, _, done, data in texts(SIDECAR, seeds, "sidecar"):
        text = data.decode("utf-8", "replace")
        attack.read(seed, done, lambda t=text: parse_sidecar(t, "mine.toml"))
