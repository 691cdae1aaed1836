"""The images that an attack may return: a ball around the clean image, clipped to 0..1.

A projected image lies in the ball without any tolerance for rounding: its distance, computed in
float64, is at most the radius.
"""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from robustbench_seg.records.values.attack_parameters import Norm


class Ball(Protocol):
    """The images within a radius of a clean image, with values in 0..1.

    Attributes:
        image: The clean image, float 3xHxW in 0..1.
        radius: The radius, on the scale of the image.
    """

    image: Tensor
    radius: float

    def scaled(self, factor: float) -> "Ball":
        """Return the ball of the same image with `factor` times the radius."""
        ...

    def project(self, values: Tensor) -> Tensor:
        """Return an image in the ball close to `values`, float 3xHxW."""
        ...

    def direction(self, gradient: Tensor) -> Tensor:
        """Return the step of length 1 that raises the loss most, float 3xHxW."""
        ...

    def sample(self, rng: np.random.Generator) -> Tensor:
        """Draw an image in the ball. A seed gives the same image on all machines."""
        ...


class LinfBall:
    """The ball of the maximum norm: no value differs by more than the radius. See Ball."""

    def __init__(self, image: Tensor, radius: float) -> None:
        self.image, self.radius = image, radius
        exact = image.double()
        self._low = _rounded(exact - radius, image.dtype, upwards=True).clamp(min=0)
        self._high = _rounded(exact + radius, image.dtype, upwards=False).clamp(max=1)

    def scaled(self, factor: float) -> "LinfBall":
        """See Ball.scaled."""
        return LinfBall(self.image, factor * self.radius)

    def project(self, values: Tensor) -> Tensor:
        """Clip each value. See Ball.project."""
        return values.clamp(self._low, self._high)

    def direction(self, gradient: Tensor) -> Tensor:
        """Return the signs. See Ball.direction."""
        return gradient.sign()

    def sample(self, rng: np.random.Generator) -> Tensor:
        """Draw each difference uniformly from -radius to radius. See Ball.sample."""
        return self.project(_shifted(self.image, self.radius * _uniform(rng, self.image)))


class L2Ball:
    """The ball of the Euclidean norm over all values. See Ball."""

    def __init__(self, image: Tensor, radius: float) -> None:
        self.image, self.radius = image, radius

    def scaled(self, factor: float) -> "L2Ball":
        """See Ball.scaled."""
        return L2Ball(self.image, factor * self.radius)

    def project(self, values: Tensor) -> Tensor:
        """Shorten the difference to the radius, then clip to 0..1. See Ball.project.

        Clipping only brings values closer to the clean image. If rounding leaves the result
        outside, its difference is shortened by one unit in the last place, then by twice as much,
        and so on.
        """
        difference = values - self.image
        length = _length(difference)
        share = min(1.0, self.radius / length) if length > 0 else 1.0
        shortening = torch.finfo(values.dtype).eps
        while True:
            inside = (self.image + share * difference).clamp(0, 1)
            if _length(inside.double() - self.image.double()) <= self.radius:
                return inside
            share *= 1 - shortening
            shortening = min(2 * shortening, 1.0)

    def direction(self, gradient: Tensor) -> Tensor:
        """Return the gradient at length 1, or 0 where it is 0. See Ball.direction."""
        length = _length(gradient)
        return gradient / length if length > 0 else torch.zeros_like(gradient)

    def sample(self, rng: np.random.Generator) -> Tensor:
        """Draw uniform differences and scale them to the length of the radius. See Ball.sample."""
        noise = _uniform(rng, self.image)
        # Machines sum in different orders; float32 drops the digits in which their sums differ. The
        # result is a millionth below the radius, so that a second projection changes nothing.
        length = float(np.float32(np.sqrt(np.square(noise).sum())))
        return self.project(_shifted(self.image, self.radius * (1 - 1e-6) / length * noise))


def ball(norm: Norm, image: Tensor, radius: float) -> Ball:
    """Return the ball of a norm.

    Args:
        norm: The norm.
        image: The clean image, float 3xHxW in 0..1.
        radius: The radius on the scale of the image, 0 or more.
    """
    return LinfBall(image, radius) if norm == "Linf" else L2Ball(image, radius)


def _length(values: Tensor) -> float:
    return float(torch.linalg.vector_norm(values, dtype=torch.float64))


def _rounded(exact: Tensor, dtype: torch.dtype, *, upwards: bool) -> Tensor:
    """Round float64 values to `dtype`, all of them up (`upwards`) or all of them down."""
    nearest = exact.to(dtype)
    wrong = nearest.double() < exact if upwards else nearest.double() > exact
    limit = torch.full_like(nearest, torch.inf if upwards else -torch.inf)
    return torch.where(wrong, nearest.nextafter(limit), nearest)


def _uniform(
    rng: np.random.Generator, image: Tensor
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return rng.uniform(-1, 1, tuple(image.shape))


def _shifted(
    image: Tensor, difference: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> Tensor:
    shifted = image.double() + torch.from_numpy(difference).to(image.device)
    return shifted.to(image.dtype)
