"""The statistics of BatchNorm over the images of a target domain.

In training mode, BatchNorm normalises its inputs with their own mean and variance over a batch. The
functions here compute these statistics for a batch of any size, layer by layer: the statistics of a
layer are taken from all images, after the layers before it are adapted. They equal those of one
forward pass in training mode over a batch of all images, except that dropout stays off.

Sources: Nado et al., "Evaluating prediction-time batch normalization for robustness under covariate
shift" (arXiv 2006.10963); Schneider et al., "Improving robustness against common corruptions by
covariate shift adaptation" (arXiv 2006.16971), whose equation 3 has the prior.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from robustbench_seg.errors import ModelError

ADAPTATION_LAW = 1
"""Increment when the statistics of the same network and images change."""

ON_CPU = 4 << 30
"""Maximum bytes of a batch of all images on a CPU. Above it, images are processed one by one."""

COPIES = 3
"""Approximate number of tensors, each as large as the largest input of a BatchNorm, that a network
keeps in memory at once.
"""

Statistics = Mapping[str, tuple[Tensor, Tensor]]
"""Maps the name of each BatchNorm to the mean and variance of its inputs, float32, one value per
channel. The variance is the biased one, as in the normalisation of a batch.
"""

Inputs = Callable[[], Iterable[Tensor]]
"""Each call iterates over the inputs of a network from the first one: float Nx3xhxw each."""

Forward = Callable[[Tensor], object]


def batch_norms(network: nn.Module) -> Mapping[str, _BatchNorm]:
    """List the BatchNorms of a network that have statistics, by name."""
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, _BatchNorm) and module.running_mean is not None
    }


@torch.no_grad()
def batch_statistics(
    network: nn.Module, forward: Forward, inputs: Inputs, *, images: int, prior: float = 0.0
) -> Statistics:
    """Compute the statistics of each BatchNorm over all inputs.

    If memory allows, all inputs go through the network as one batch. Otherwise they go through it
    once for each BatchNorm, one by one, so that memory does not grow with their number. Both give
    the same statistics up to rounding.

    Args:
        network: The network, in eval mode. It is unchanged when the function returns.
        forward: Runs it on a batch.
        inputs: Its inputs, at least one.
        images: Number of images that the inputs belong to.
        prior: Weight of the network's original statistics, as a number of images.

    Returns:
        (prior x own statistics + images x statistics of the inputs) / (prior + images), for each
        BatchNorm that the network uses.

    Raises:
        ModelError: A BatchNorm is used twice; or it gets a single value for each channel, and
            there is no prior.
    """
    own = batch_norms(network)
    used = _inspect(own, forward, next(iter(inputs())))
    mix = partial(_mixed, prior=prior, images=images)
    batch = _as_one(inputs, used)
    if batch is not None:
        try:
            return _layer_by_layer(own, used, mix, forward, lambda: [batch])
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise
            del batch
    return _layer_by_layer(own, used, mix, forward, inputs)


@contextmanager
def use_statistics(network: nn.Module, statistics: Statistics) -> Iterator[None]:
    """Make a network use other statistics inside the context.

    Args:
        network: The network, in eval mode. After the context it has its original statistics again.
        statistics: Statistics of some or all of its BatchNorms, on its device.
    """
    own = batch_norms(network)
    before = {name: (own[name].running_mean, own[name].running_var) for name in statistics}
    try:
        for name, pair in statistics.items():
            _set(own[name], *pair)
        yield
    finally:
        for name, own_pair in before.items():
            _set(own[name], *own_pair)


class _Pending(BaseException):
    """Ends a forward pass at a layer whose statistics need further inputs.

    It is not an Exception, because a user's network may catch exceptions.
    """


@dataclass
class _Moments:
    """Count, mean and sum of squared deviations of values, in float64, by channel."""

    count: int = 0
    mean: Tensor | float = 0.0
    squares: Tensor | float = 0.0

    def add(self, x: Tensor) -> None:
        """Add the values of a tensor NxCx..., image by image (Chan et al., 1983)."""
        axes = [0, *range(2, x.ndim)]
        for image in x.unbind():  # torch.var_mean is ten times slower
            part = image[None]
            values = part.float() if x.dtype in (torch.bfloat16, torch.float16) else part
            mean = values.mean(axes, keepdim=True)
            variance = (values - mean).square_().mean(axes)
            self._merge(part.numel() // part.shape[1], mean.flatten(), variance)

    def _merge(self, count: int, mean: Tensor, variance: Tensor) -> None:
        mean, variance = mean.cpu().double(), variance.cpu().double()
        total, step = self.count + count, mean - self.mean
        self.squares = self.squares + variance * count + step**2 * (self.count * count / total)
        self.mean = self.mean + step * (count / total)
        self.count = total


Mix = Callable[[_BatchNorm, _Moments], tuple[Tensor, Tensor]]


def _mixed(
    norm: _BatchNorm, found: _Moments, *, prior: float, images: int
) -> tuple[Tensor, Tensor]:
    """Return the mean and variance of a layer's inputs, mixed with the layer's own.

    Raises:
        ModelError: There is no prior, and only one value, which has no variance.
    """
    if found.count == 1 and not prior:
        raise ModelError("gets one value per channel; adapt to more images, or with a prior")
    share = images / (prior + images)
    variance = torch.as_tensor(found.squares) / found.count
    pairs = ((norm.running_mean, found.mean), (norm.running_var, variance))
    mean, variance = (
        (own.cpu().double() * (1 - share) + share * target).to(own)  # type: ignore[union-attr]
        for own, target in pairs
    )
    return mean, variance


def _inspect(own: Mapping[str, _BatchNorm], forward: Forward, image: Tensor) -> Mapping[str, int]:
    """Run the network once; return the BatchNorms that it uses, with the sizes of their inputs."""
    sizes = dict[str, int]()

    def note(name: str, _: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        if name in sizes:
            raise ModelError(f"its BatchNorm '{name}' is used twice, so it cannot be adapted")
        sizes[name] = arguments[0].numel()

    with ExitStack() as hooks:
        for name, norm in own.items():
            hooks.callback(norm.register_forward_pre_hook(partial(note, name)).remove)
        forward(image)
    return sizes


def _as_one(inputs: Inputs, used: Mapping[str, int]) -> Tensor | None:
    """Return all inputs as one batch, or None if they differ in size or take too much memory."""
    most = 4 * COPIES * max(used.values(), default=0)
    parts = list[Tensor]()
    for part in inputs():
        if parts and (
            part.shape[1:] != parts[0].shape[1:] or (len(parts) + 1) * most > _room(part.device)
        ):
            return None
        parts.append(part)
    return torch.cat(parts)


def _room(device: torch.device) -> int:
    """Return the maximum bytes of a batch on a device."""
    return torch.cuda.mem_get_info(device)[0] // 2 if device.type == "cuda" else ON_CPU


def _layer_by_layer(
    own: Mapping[str, _BatchNorm],
    used: Collection[str],
    mix: Mix,
    forward: Forward,
    inputs: Inputs,
) -> Statistics:
    """Compute statistics in passes over all inputs.

    A pass completes one layer. If there is only one batch, it completes all layers.
    """
    done = dict[str, tuple[Tensor, Tensor]]()
    with ExitStack() as at_end:
        current = _Pass(done, mix)
        for name in used:
            norm = own[name]
            at_end.callback(_set, norm, norm.running_mean, norm.running_var)
            hook = norm.register_forward_pre_hook(
                lambda *args, name=name: current.take(name, *args)
            )
            at_end.callback(hook.remove)
        while len(done) < len(used):
            before, current = len(done), _Pass(done, mix)
            waiting = iter(inputs())
            following: Tensor | None = next(waiting)
            while following is not None:
                batch, following = following, next(waiting, None)
                current.begin(last=following is None)
                with suppress(_Pending):
                    forward(batch)
            if len(done) == before:
                raise ModelError("its layers depend on the image, so it cannot be adapted")
    return done


class _Pass:
    """One pass over all inputs, with the moments of the first layer that lacks statistics."""

    def __init__(self, done: MutableMapping[str, tuple[Tensor, Tensor]], mix: Mix) -> None:
        self._done, self._mix = done, mix
        self._pending: str | None = None
        self._moments = _Moments()
        self._begun, self._last = 0, False

    def begin(self, *, last: bool) -> None:
        """Begin the next batch. `last`: whether it is the last one."""
        self._begun, self._last = self._begun + 1, last

    def take(self, name: str, norm: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        """Take the inputs of a layer, before it computes.

        Raises:
            _Pending: The layer needs further batches.
            ModelError: The layer gets a single value for each channel.
        """
        if name in self._done:
            return
        if self._pending is None:
            self._pending = name
        elif name != self._pending:
            raise _Pending
        self._moments.add(arguments[0])
        if not self._last:
            raise _Pending
        assert isinstance(norm, _BatchNorm)
        try:
            found = self._mix(norm, self._moments)
        except ModelError as error:
            raise ModelError(f"its BatchNorm '{name}' {error}") from None
        self._done[name] = norm.running_mean, norm.running_var = found
        if self._begun == 1:  # one batch has all images, so its forward pass continues
            self._pending, self._moments = None, _Moments()


def _set(norm: _BatchNorm, mean: Tensor | None, variance: Tensor | None) -> None:
    norm.running_mean, norm.running_var = mean, variance
