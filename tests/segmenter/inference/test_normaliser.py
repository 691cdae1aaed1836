"""Normalised images, compared with the definition."""

import numpy as np
import torch

from robustbench_seg.segmenter.inference.normaliser import Normaliser, to_tensor


def test_normalisation_is_of_rgb_in_zero_to_one():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 1] = (255, 51, 0)
    mean, std = torch.tensor([0.5, 0.2, 0.1]), torch.tensor([0.5, 0.4, 0.1])
    shape = (1, 3, 1, 1)
    batch = to_tensor(image, mean.reshape(shape), std.reshape(shape))
    assert batch.shape == (1, 3, 2, 3)
    torch.testing.assert_close(batch[0, :, 0, 1], torch.tensor([1.0, 0.0, -1.0]))


def test_a_flipped_view_is_an_image_like_others():
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    zero, one = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)
    swapped = to_tensor(image[..., ::-1], zero, one)
    assert torch.equal(swapped, to_tensor(image, zero, one).flip(1))
    normalise = Normaliser((0.0,) * 3, (1.0,) * 3, torch.device("cpu"))
    assert torch.equal(normalise(image[..., ::-1]), swapped)


def test_looking_up_changes_no_bit():
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    image = np.random.default_rng(0).integers(0, 256, (61, 83, 3), np.uint8)
    shape = (1, 3, 1, 1)
    wanted = to_tensor(image, torch.tensor(mean).reshape(shape), torch.tensor(std).reshape(shape))
    found = Normaliser(mean, std, torch.device("cpu"))(image)
    assert torch.equal(found, wanted)
    assert found.is_contiguous(memory_format=torch.channels_last)
    # A view of a larger image, as some datasets return.
    assert torch.equal(Normaliser(mean, std, torch.device("cpu"))(image[::2]), wanted[:, :, ::2])
