import itertools
import multiprocessing
from dataclasses import replace

import numpy as np
import pytest
import torch

from robustbench_seg.datasets import open_dataset
from robustbench_seg.errors import ModelError
from robustbench_seg.records.values.preprocessing import Resize
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.batches import Batches, BatchNormaliser, iterate_batches

RECIPE = TrainingRecipe(batch=3, crop=(32, 40), seed=4)


@pytest.fixture
def batches(blocks, card):
    return Batches(blocks, RECIPE, card)


def test_shapes_and_types(batches):
    images, labels = batches[0]
    assert (images.shape, images.dtype) == ((3, 3, 32, 40), torch.uint8)
    assert (labels.shape, labels.dtype) == ((3, 32, 40), torch.uint8)
    assert images.is_contiguous(memory_format=torch.channels_last)


def test_every_epoch_visits_every_image_once(batches):
    visited = [batches.index(i, slot) for i in range(7) for slot in range(3)]  # 3 epochs of 7
    epochs = [visited[start : start + 7] for start in (0, 7, 14)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(7))] * 3
    assert epochs[0] != epochs[1] != epochs[2]


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_workers_change_nothing_and_are_no_forks(workers, card):
    # A dataset of the package: a new process can import it.
    batches = Batches(open_dataset("minicity", split="train").first(7), RECIPE, card)
    alone = list(itertools.islice(iterate_batches(batches, 0), 5))
    others = {*multiprocessing.active_children()}
    iterator = iterate_batches(batches, workers)
    together = list(itertools.islice(iterator, 5))
    for (images, labels), (other_images, other_labels) in zip(alone, together, strict=True):
        assert torch.equal(images, other_images)
        assert torch.equal(labels, other_labels)
    # A forked child inherits the locks of other threads, but not the threads.
    started = {*multiprocessing.active_children()} - others
    assert [type(worker).__name__ for worker in started] == ["SpawnProcess"] * workers
    iterator.close()


def test_a_dataset_that_does_not_pickle_needs_no_workers(blocks, card):
    blocks.hook = lambda: None
    batches = Batches(blocks, RECIPE, card)
    with pytest.raises(ModelError) as error:
        next(iterate_batches(batches, 1))
    message = str(error.value)
    assert message.startswith("the dataset 'blocks' cannot be sent to worker processes (")
    assert message.endswith("make it picklable, or use 0 workers")
    assert "\n" not in message
    next(iterate_batches(batches, 0))


def test_a_start_in_the_middle_changes_nothing(batches):
    images, _ = next(iterate_batches(batches, 0, start=3))
    assert torch.equal(images, batches[3][0])


def test_seed_iteration_and_slot_each_matter(batches, blocks, card):
    other = Batches(blocks, TrainingRecipe(batch=3, crop=(32, 40), seed=5), card)
    assert not torch.equal(batches[0][0], other[0][0])
    assert not torch.equal(batches[0][0], batches[1][0])

    blocks.count = 1  # the same image in every slot
    one_image, _ = Batches(blocks, RECIPE, card)[0]
    assert not torch.equal(one_image[0], one_image[1])


def test_images_are_fitted_into_the_card_s_size(blocks, card):
    recipe = TrainingRecipe(batch=1, crop=(48, 64), resize=(1, 1), flip=0, photometric=False)
    small = replace(card, resize=Resize(short=24, long=64))
    _, labels = Batches(blocks, recipe, small)[0]
    scored = (labels[0] != 255).nonzero().max(0).values + 1
    assert scored.tolist() == [24, 32]  # the rest is padding


@pytest.mark.parametrize(("room", "reads"), [(10**9, 7), (3 * 48 * 64 * 4, 3 + 4 * 3), (0, 21)])
def test_samples_are_kept_while_there_is_room(room, reads, blocks, card, monkeypatch):
    monkeypatch.setattr("robustbench_seg.training.batches.KEPT_BYTES", room)
    batches = Batches(blocks, RECIPE, card)
    fresh = [Batches(blocks, RECIPE, card)[i] for i in range(7)]
    asked = []
    read = type(blocks).__getitem__

    def counted(self, index):
        asked.append(index)
        return read(self, index)

    monkeypatch.setattr(type(blocks), "__getitem__", counted)
    for iteration, (images, labels) in enumerate(fresh):  # three epochs
        again = batches[iteration]
        assert torch.equal(again[0], images)
        assert torch.equal(again[1], labels)
    assert len(asked) == reads


def test_normalising_and_padding(card, blocks):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (2, 5, 6, 3), np.uint8)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    seen = BatchNormaliser(card.preprocessing, "cpu")(images)
    expected = (pixels / 255 - np.array(card.preprocessing.mean)) / np.array(card.preprocessing.std)
    assert seen.dtype == torch.float32
    assert seen.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(seen.permute(0, 2, 3, 1), expected, atol=1e-5)

    recipe = TrainingRecipe(batch=1, crop=(64, 96), resize=(1, 1), photometric=False)
    images, labels = Batches(blocks, recipe, card)[0]
    padding = BatchNormaliser(card.preprocessing, "cpu")(images).permute(0, 2, 3, 1)[:, 48:]
    assert (labels[:, 48:] == 255).all()
    assert padding.abs().max() < 0.01  # the mean colour, to the nearest of 256 levels
