"""The two included models. tests/test_recorded_runs.py tests their scores."""

import numpy as np
import pytest

from robustbench_seg.datasets import open_dataset
from robustbench_seg.demo import MODELS
from robustbench_seg.measures import confusion_matrix, mean_iou
from robustbench_seg.records.cards.model_card import load_card

CLASSES = 19


def colour_classifier_score():
    """mIoU of a classifier of single pixels by colour: the likeliest class of each 32x32x32 bin."""

    def bins(image):
        red, green, blue = (image >> 3).astype(np.intp).reshape(-1, 3).T
        return (red * 32 + green) * 32 + blue

    counts = np.zeros((32**3, CLASSES))
    for scene in open_dataset("minicity", split="train").first(100):
        np.add.at(counts, (bins(scene.image), scene.labels.ravel()), 1)
    best = counts.argmax(1)
    return mean_iou(
        sum(
            confusion_matrix(scene.labels.ravel(), best[bins(scene.image)], CLASSES)
            for scene in open_dataset("minicity")
        )
    )


@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_card_tells_how_its_weights_were_made(name):
    card = load_card(name)
    assert card.training is not None
    assert card.training.command.startswith("robustseg train ")
    assert card.training.minutes > 0
    assert card.published is not None


def test_minicity_is_a_task_that_colour_alone_does_not_solve():
    by_colour = colour_classifier_score()
    for name in MODELS:
        assert 2 * by_colour < load_card(name).published.miou


def test_the_weights_are_small_enough_to_ship():
    assert sum(load_card(name).weights_file.stat().st_size for name in MODELS) < 15e6
