"""A toy network, protocols of attacks, and evaluations of both."""

import numpy as np
import pytest
import torch
from torch import nn

import robustbench_seg as rs
from tests.evaluation.conftest import CLASSES, Toy

ABOUT = {"classes": CLASSES, "mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}

PROTOCOL = """
name = "{name}"
version = "1"
source = "a test"
"""
ATTACK = """
[[attack]]
name = "{name}"
category = "{category}"
scored = [1, 2]
averaged = {averaged}
severities = [{{ epsilon = {low}{more} }}, {{ epsilon = {high}{more} }}]
"""
MEMBERS = ("apgd_mce_bal", "apgd_mce", "apgd_js")


class Shade(nn.Module):
    """Logits of three levels of red, at the size of the image."""

    def __init__(self, weight=8.0):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(weight))

    def forward(self, images):
        red = images[:, :1] * self.scale
        return torch.cat([-red, 1 - red.abs(), red], 1)


@pytest.fixture
def protocol(tmp_path):
    def write(*names, low=8, high=64, steps=4):
        text = PROTOCOL.format(name="toy-attacks")
        for name in names:
            more = "" if name in ("noise", "fgsm", "sea") else f", steps = {steps}"
            averaged = str(name in ("sea", names[-1])).lower()
            about = {"category": "attack", "averaged": averaged, "low": low, "high": high}
            text += ATTACK.format(name=name, more=more, **about)
        path = tmp_path / "toy-attacks.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def shares(tmp_path):
    path = tmp_path / "shares.toml"
    rs.class_frequencies(Toy(3), out=path)
    return path


@pytest.fixture
def evaluate(tmp_path):
    def run(model, protocol, **options):
        wanted = {"dataset": Toy(3), "out": tmp_path / "runs", "protocol": protocol}
        named = {"name": "shade", **ABOUT} if isinstance(model, nn.Module) else {}
        return rs.evaluate(model=model, **(wanted | named | options))

    return run


def accuracy(run, name, severity=0):
    rows = run.results()
    chosen = rows[(rows["corruption"] == name) & (rows["severity"] == severity)]
    total = np.sum(list(chosen["matrix"]), axis=0)
    return np.trace(total) / total.sum()
