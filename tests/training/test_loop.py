import csv
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from robustbench_seg.architectures import SegmentationNetwork, build
from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import ModelError
from robustbench_seg.records.values.preprocessing import Inference, Resize
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.batches import Batches, BatchNormaliser
from robustbench_seg.training.learner import seed_step, segmentation_loss
from robustbench_seg.training.validation import validate

RECIPE = TrainingRecipe(iterations=60, batch=4, crop=(32, 48), lr=2e-2, head_lr_factor=1, warmup=5)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class TestLoss:
    def test_by_hand(self):
        # Same size, so no upsampling: -log softmax at the true class, over all four pixels.
        logits = torch.tensor([[[[2.0, 0.0], [1.0, 5.0]], [[0.0, 0.0], [3.0, 1.0]]]])
        labels = torch.tensor([[[0, 1], [0, 255]]], dtype=torch.uint8)
        expected = (math.log(1 + math.exp(-2)) + math.log(2) + math.log(1 + math.exp(2))) / 4
        assert segmentation_loss(logits, labels).item() == pytest.approx(expected)

    def test_logits_are_upsampled_bilinearly_to_the_labels(self):
        logits = torch.tensor([[[[0.0, 4.0]], [[0.0, 0.0]]]])
        labels = torch.zeros(1, 1, 4, dtype=torch.uint8)
        # align_corners=False: weights 0, 1/4, 3/4 and 1
        expected = sum(math.log(1 + math.exp(-x)) for x in (0, 1, 3, 4)) / 4
        assert segmentation_loss(logits, labels).item() == pytest.approx(expected)

    def test_a_network_that_aligns_corners_is_trained_so(self):
        logits = torch.tensor([[[[0.0, 3.0]], [[0.0, 0.0]]]])
        labels = torch.zeros(1, 1, 4, dtype=torch.uint8)
        expected = sum(math.log(1 + math.exp(-x)) for x in (0, 1, 2, 3)) / 4
        assert segmentation_loss(logits, labels, align_corners=True).item() == pytest.approx(
            expected
        )

    def test_nothing_scored_is_zero_not_nan(self):
        logits = torch.randn(1, 3, 2, 2, requires_grad=True)
        loss = segmentation_loss(logits, torch.full((1, 8, 8), 255, dtype=torch.uint8))
        loss.backward()
        assert loss.item() == 0
        assert (logits.grad == 0).all()


def test_it_learns_and_says_so(fit, blocks, small, card, tmp_path):
    torch.manual_seed(0)
    network = small()
    out = tmp_path / "new"
    outcome = fit(network, blocks, blocks, RECIPE, card, out=out, validate_every=40, workers=0)
    assert outcome.miou > 95
    assert (outcome.iterations, outcome.views) == (60, 240)
    assert not network.training

    written = rows(out / "log.csv")
    steps = [(int(row["iteration"]), bool(row["loss"]), bool(row["miou"])) for row in written]
    assert steps == [
        (20, True, False),
        (40, True, False),
        (40, False, True),
        (60, True, False),
        (60, False, True),
    ]
    losses = [float(row["loss"]) for row in written if row["loss"]]
    assert losses[-1] < 0.5 * losses[0]
    assert float(written[-1]["miou"]) == pytest.approx(outcome.miou, abs=1e-3)
    # The rate of the last step, the 60th of 60, after the warm-up: 2e-2 / 60
    assert float(written[-1]["lr"]) == pytest.approx(2e-2 / 60, rel=1e-4)


def test_the_steps_are_plain_adamw(fit, blocks, small, card, tmp_path):
    recipe = TrainingRecipe(
        iterations=3, batch=2, crop=(32, 32), lr=1e-2, head_lr_factor=1, weight_decay=0, warmup=2
    )
    torch.manual_seed(2)
    network, reference = small(), small()
    reference.load_state_dict(network.state_dict())
    fit(network, blocks, blocks, recipe, card, out=tmp_path, workers=0)

    optimiser = torch.optim.AdamW(reference.parameters(), weight_decay=0)
    batches, normalise = Batches(blocks, recipe, card), BatchNormaliser(card.preprocessing, "cpu")
    for iteration, factor in enumerate((1e-6, (2 / 3) * 0.5, 1 / 3)):
        optimiser.param_groups[0]["lr"] = 1e-2 * factor
        optimiser.zero_grad()
        seed_step(recipe.seed, iteration)  # dropout's draws
        images, labels = batches[iteration]
        segmentation_loss(reference(normalise(images)), labels).backward()
        optimiser.step()
    for name, tensor in reference.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], tensor, rtol=1e-4, atol=1e-5)


@pytest.mark.slow  # test_batches compares the batches
def test_minicity_same_seed_same_weights_whatever_the_workers(fit, card, tmp_path):
    recipe = TrainingRecipe(iterations=4, batch=2, crop=(32, 64), lr=1e-3, warmup=0)
    train, val = (open_dataset("minicity", split=split).first(2) for split in ("train", "val"))
    states = []
    for workers in (0, 2):
        torch.manual_seed(1)
        network = build("segformer", 19, size="b0")
        out = tmp_path / str(workers)
        outcome = fit(network, train, val, recipe, card, out=out, workers=workers)
        assert 0 < outcome.miou < 100
        states.append(network.state_dict())
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name]), name


def test_segformer_learns_one_image_by_heart(fit, blocks, card, tmp_path):
    blocks.count = 1
    recipe = TrainingRecipe(
        iterations=40, batch=1, crop=(48, 64), resize=(1, 1), photometric=False, flip=0,
        lr=2e-3, head_lr_factor=1, warmup=5,
    )  # fmt: skip
    torch.manual_seed(0)
    network = build("segformer", 3, size="b0", drop_path=0)
    outcome = fit(network, blocks, blocks, recipe, card, out=tmp_path, workers=0)
    losses = [float(row["loss"]) for row in rows(tmp_path / "log.csv") if row["loss"]]
    assert losses[-1] < 0.5 * losses[0]
    assert outcome.miou > 70


def test_minutes_end_at_rate_zero(fit, blocks, small, card, tmp_path):
    recipe = TrainingRecipe(minutes=1 / 60, batch=2, crop=(32, 32), warmup=0)
    outcome = fit(small(), blocks, blocks, recipe, card, out=tmp_path, workers=0)
    assert 1 <= outcome.seconds < 1.5
    assert outcome.iterations > 5
    assert float(rows(tmp_path / "log.csv")[-1]["lr"]) < 0.2 * recipe.lr


def test_a_diverged_loss_is_an_error(fit, blocks, small, card, tmp_path):
    network = small()
    torch.nn.init.constant_(network.head[1].bias, float("nan"))
    with pytest.raises(ModelError, match="the loss is nan at iteration 20; lower lr or"):
        fit(network, blocks, blocks, RECIPE, card, out=tmp_path, workers=0)
    with pytest.raises(ModelError, match="loss is nan at iteration 20; use precision bf16"):
        fit(network, blocks, blocks, RECIPE, card, out=tmp_path, workers=0, precision="fp16")


@pytest.mark.parametrize(
    ("how", "sizes"),
    [
        ({}, [(48, 64)]),
        ({"resize": Resize(24, 64)}, [(24, 32)]),
        ({"inference": Inference("slide", 32, 32)}, [(32, 32)] * 4),
    ],
)
def test_validation_pools_images_as_the_card_wants_them_seen(how, sizes, blocks, card):
    class Oracle(SegmentationNetwork):
        """Classifies by colour, and records the sizes it is given."""

        def __init__(self):
            super().__init__()
            self.sizes = []

        def forward(self, images):
            assert not self.training
            self.sizes.append(tuple(images.shape[2:]))
            return images

    network = Oracle().train()
    matrix = validate(network, blocks, replace(card, **how))
    assert network.training
    assert network.sizes == sizes * 7
    pixels = np.concatenate([sample.labels.ravel() for sample in blocks])
    expected = np.bincount(pixels, minlength=256)[:3]
    assert matrix.sum() == expected.sum()
    assert np.array_equal(matrix, np.diag(expected)) or "resize" in how  # which blurs edges
    assert np.trace(matrix) > 0.9 * matrix.sum()


def test_a_batch_of_one_is_refused_where_it_cannot_be_normalised(fit, blocks, card, tmp_path):
    network = build("deeplabv3plus", len(blocks.classes), backbone="mobilenet_v2", separable=True)
    recipe = TrainingRecipe(iterations=1, batch=1, crop=(32, 48))
    with pytest.raises(ModelError, match=r"a batch of 1; use a batch of 2 or more"):
        fit(network, blocks, blocks, recipe, card, out=tmp_path, workers=0)
