"""evaluate with attacks as its own process, on a small dataset and a slow network."""

from pathlib import Path

import robustbench_seg as rs
from tests.evaluation.attacks.conftest import ATTACK, MEMBERS, PROTOCOL
from tests.evaluation.command import CALLED, lay_out

IMAGES, NAMES = 10, ("noise", "pgd", *MEMBERS, "sea")
"""Three blocks of images, each written as a part."""

ROWS = IMAGES * (1 + 2 * len(NAMES))

MODEL = f"""
import time
import robustbench_seg as rs
import torch

class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 2, 3, padding=1)
        with torch.no_grad():
            self.layer.weight.copy_(torch.linspace(-1, 1, 54).reshape(2, 3, 3, 3).sin())

    def forward(self, images):
        open("{CALLED}", "w").close()
        time.sleep(0.004)
        return self.layer(images)

def model():
    torch.manual_seed(0)
    about = {{"classes": ("dark", "bright"), "mean": (0.5,) * 3, "std": (0.25,) * 3}}
    return rs.load_segmenter(Network(), name="network", **about)
"""


def lay_out_attacks(folder: Path) -> None:
    """The dataset, the network, the protocol and the class frequencies."""
    lay_out(folder, IMAGES)
    (folder / "network.py").write_text(MODEL)
    text = PROTOCOL.format(name="few-steps")
    for name in NAMES:
        more = "" if name in ("noise", "sea") else ", steps = 4"
        averaged = str(name == "sea").lower()
        about = {"category": "attack", "averaged": averaged, "low": 2, "high": 16}
        text += ATTACK.format(name=name, more=more, **about)
    (folder / "few-steps.toml").write_text(text)
    rs.class_frequencies(folder / "rooms.toml", split="val", out=folder / "frequencies.toml")


def attack_arguments(out: str, *more: str) -> list[str]:
    files = ["--dataset", "rooms.toml", "--protocol", "few-steps.toml"]
    files += ["--class-frequencies", "frequencies.toml", "--model", "python:network:model"]
    return ["evaluate", *files, "--threads", "1", "--out", out, *more]
