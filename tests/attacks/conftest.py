"""Small networks, images and labels for attacks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

GOLDEN = Path(__file__).parents[1] / "data" / "attacks" / "losses.npz"


def network_gradient(network):
    """The gradient function of a network that maps 3xHxW to KxHxW."""

    def gradient(image, loss):
        leaf = image.detach().clone().requires_grad_()
        logits = network(leaf)
        (slope,) = torch.autograd.grad(loss(logits), leaf)
        return logits.detach(), slope

    return gradient


class Problem:
    """A random convolutional network, an image, and labels that the network mostly predicts."""

    def __init__(self, seed=0, dtype=torch.float32, size=(12, 16), classes=4, kernel=3):
        torch.manual_seed(seed)
        first, last = (
            nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
            for inputs, outputs in ((3, 8), (8, classes))
        )
        network = nn.Sequential(first, nn.Tanh(), last).to(dtype).requires_grad_(False)
        network[2].bias.zero_()
        network[2].weight *= 10
        self.network = lambda image: network(image[None])[0]
        self.gradient = network_gradient(self.network)
        self.image = torch.rand(3, *size, dtype=dtype)
        self.truth = self.network(self.image).argmax(0)
        wrong = torch.rand(size) < 0.1
        self.truth[wrong] = (self.truth[wrong] + 1) % classes
        self.truth[:2, :3] = 255
        self.frequencies = [float(10**k) for k in range(classes)]

    def arguments(self, name, epsilon, steps=10, **more):
        """The arguments of `perturb` for an attack."""
        parameters = {"epsilon": epsilon}
        if not name.startswith(("noise", "fgsm")):
            parameters["steps"] = steps
        return (self.gradient, self.image, self.truth, name, parameters), {
            "seed": 0,
            "image_id": "a.png",
            "class_frequencies": self.frequencies,
            **more,
        }

    def accuracy(self, image):
        valid = self.truth != 255
        return float((self.network(image).argmax(0) == self.truth)[valid].double().mean())

    def cross_entropy(self, image):
        """By NumPy and the definition."""
        z = self.network(image).double().numpy()
        p = np.exp(z - z.max(0)) / np.exp(z - z.max(0)).sum(0)
        rows, columns = np.nonzero((self.truth != 255).numpy())
        return float(-np.log(p[self.truth.numpy()[rows, columns], rows, columns]).mean())


@pytest.fixture
def problem():
    return Problem


@pytest.fixture(scope="session")
def golden():
    """Values of the authors' programs: cospgd and Robust-Segmentation, float64."""
    with np.load(GOLDEN) as archive:
        return dict(archive)


@pytest.fixture(scope="session")
def gradient_of():
    return network_gradient
