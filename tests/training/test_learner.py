from dataclasses import replace

import pytest
import torch
from torch import nn

from robustbench_seg.architectures import SegmentationNetwork
from robustbench_seg.errors import OptionError
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.learner import Learner, seed_step, segmentation_loss


def batch(seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(2, 3, 8, 8, generator=generator)
    return images, torch.randint(0, 3, (2, 8, 8), generator=generator).to(torch.uint8)


def test_the_average_by_hand(small):
    torch.manual_seed(0)
    network = small()
    learner = Learner(network, TrainingRecipe(ema=0.75, lr=1e-2, warmup=0))
    expected = None
    for iteration in range(4):
        learner.step(*batch(iteration), iteration, 0.0)
        now = {name: value.clone() for name, value in network.state_dict().items()}
        if expected is None:
            expected = now
        else:
            expected = {name: 0.75 * expected[name] + 0.25 * now[name] for name in now}
    averaged = learner.result.state_dict()
    running = "backbone.1.running_mean"  # statistics of BatchNorm are averaged as well
    assert not torch.allclose(averaged[running], network.state_dict()[running])
    learner.finish()
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, expected[name])
            torch.testing.assert_close(averaged[name], expected[name])
    assert not network.training


def test_the_loss_aligns_corners_where_the_network_does(small):
    losses = []
    for aligned in (False, True):
        torch.manual_seed(0)
        network = small()
        network.align_corners = aligned
        images, labels = batch(0)
        _, loss = Learner(network, TrainingRecipe()).step(images, labels, 0, 0.0)
        torch.manual_seed(0)
        reference = small().train()
        seed_step(0, 0)
        expected = segmentation_loss(reference(images), labels, align_corners=aligned)
        assert loss.item() == pytest.approx(expected.item())
        losses.append(loss.item())
    assert losses[0] != losses[1]


def test_without_an_average_the_network_itself_is_the_result(small):
    network = small()
    assert Learner(network, TrainingRecipe()).result is network


def test_the_average_is_what_is_validated(fit, blocks, small, card, tmp_path):
    # The average stays at the weights of the first step, so nothing is learned.
    plain = TrainingRecipe(
        iterations=60, batch=4, crop=(32, 48), lr=2e-2, head_lr_factor=1, warmup=5
    )
    scores = {}
    for ema in (None, 0.9999):
        torch.manual_seed(0)
        outcome = fit(
            small(), blocks, blocks, replace(plain, ema=ema), card,
            out=tmp_path / str(ema), workers=0,
        )  # fmt: skip
        scores[ema] = outcome.miou
    assert scores[None] > 95
    assert scores[0.9999] < 60


class Overflowing(SegmentationNetwork):
    """Its gradient is beyond float16 unless its scale is lowered."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Conv2d(3, 3, 1)

    def forward(self, images):
        return self.backbone(images)


def test_half_precision_skips_steps_that_overflow():
    network = Overflowing()
    learner = Learner(network, TrainingRecipe(lr=1e-2, warmup=0), precision="fp16")
    before = network.backbone.weight.clone()
    images, labels = batch(0)
    _, loss = learner.step(images * 1e4, labels, 0, 0.0)
    assert torch.isfinite(loss)
    assert torch.equal(network.backbone.weight, before)
    scale = learner.state_dict()["scaler"]["scale"]
    assert scale == 2**15  # halved
    learner.step(images, labels, 1, 0.0)
    assert not torch.equal(network.backbone.weight, before)
    assert torch.isfinite(network.backbone.weight).all()


def test_a_recipe_with_an_impossible_average():
    with pytest.raises(OptionError, match=r"ema = 1.0 is out of range"):
        TrainingRecipe(ema=1.0)
