"""The two models that ship: what their cards claim is what they do."""

import numpy as np
import pytest

from robustbench_seg.cli.demo import MODELS
from robustbench_seg.confusion import confusion_matrix, mean_iou
from robustbench_seg.datasets import open_dataset
from robustbench_seg.model_cards import load_card
from robustbench_seg.segmenter import load_segmenter

CLASSES = 19


@pytest.fixture(scope="module")
def scenes():
    return list(open_dataset("minicity"))


@pytest.fixture(scope="module")
def scores(scenes):
    """Clean mIoU in percent of each shipped model on all of minicity val."""
    scores = {}
    for name in MODELS:
        segmenter = load_segmenter(name)
        pooled = sum(confusion_matrix(s.labels, segmenter(s.image), CLASSES) for s in scenes)
        scores[name] = mean_iou(pooled)
    return scores


def colour_classifier_score(scenes):
    """mIoU of a classifier of single pixels by colour: the likeliest class of each 32x32x32 bin."""
    train = open_dataset("minicity", split="train").first(100)

    def bins(image):
        red, green, blue = (image >> 3).astype(np.intp).reshape(-1, 3).T
        return (red * 32 + green) * 32 + blue

    counts = np.zeros((32**3, CLASSES))
    for scene in train:
        np.add.at(counts, (bins(scene.image), scene.labels.ravel()), 1)
    best = counts.argmax(1)
    return mean_iou(
        sum(confusion_matrix(s.labels.ravel(), best[bins(s.image)], CLASSES) for s in scenes)
    )


@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_card_tells_how_its_weights_were_made_and_what_they_score(name, scores):
    card = load_card(name)
    assert card.training is not None
    assert card.training.command.startswith("robustseg train ")
    assert card.training.minutes > 0
    assert card.published is not None
    # Rounded to 0.01 in the card; other processors may flip a few pixels.
    assert scores[name] == pytest.approx(card.published.miou, abs=0.1)


def test_the_weights_are_small_enough_to_ship():
    assert sum(load_card(name).weights_file.stat().st_size for name in MODELS) < 15e6


def test_minicity_is_a_task_that_colour_alone_does_not_solve(scenes, scores):
    by_colour = colour_classifier_score(scenes)
    for score in scores.values():
        assert 2 * by_colour < score < 90
