"""Computes the gradient of a loss with respect to an image, one window of the image at a time.

The output for an image is a linear function of the outputs for its windows, which are upsampled and
averaged where they overlap. So all windows run without a graph first, and the gradient of the loss
with respect to their average is computed once. Then each window runs again, with a graph that is
freed before the next window. An image of any size needs memory for the activations of one window.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from robustbench_seg.errors import ModelError
from robustbench_seg.segmenter.labelling.window_logits import WindowLogits

GRADIENT_LAW = 1
"""Increment when gradients change for the same network, image and loss."""

Loss = Callable[[Tensor], Tensor]
"""Maps float32 logits KxHxW to a scalar."""


def loss_gradient(
    image: Tensor,
    loss: Loss,
    *,
    prepare: Callable[[Tensor], Tensor],
    single: Callable[[Tensor], bool],
    run: Callable[[Tensor], WindowLogits],
    finish: Callable[[Tensor], Tensor],
    name: str,
) -> tuple[Tensor, Tensor]:
    """Compute logits, and the gradient of their loss with respect to the image.

    Args:
        image: float32 1x3xHxW in 0..1.
        loss: The loss.
        prepare: Maps the image to the input of the network, normalised 1x3xhxw.
        single: Returns whether the network gets this input as one window.
        run: Runs the network on such an input, or on one window of it.
        finish: Maps the averaged output, 1xKxhxw, to logits 1xKxHxW.
        name: The segmenter's name in errors.

    Returns:
        float32 logits KxHxW, and the gradient 3xHxW.

    Raises:
        ModelError: The network or the loss has no gradient, or the gradient is not finite.
    """
    # A tensor from inference mode, or from a graph of the caller, cannot be differentiated.
    with torch.inference_mode(False), torch.enable_grad():
        leaf = image.detach().clone(memory_format=torch.channels_last).requires_grad_()
        prepared = prepare(leaf)
        inputs = prepared.detach()
        if single(inputs):
            part = inputs.requires_grad_()
            # A copy, because a network may change its input in place.
            output = run(part.clone()).upsampled()
            logits, upstream = _output_gradient(output, loss, finish, name)
            through = _through(output, part, upstream, name)
        else:
            with torch.no_grad():
                windows = run(inputs)
                output = windows.upsampled()
            logits, upstream = _output_gradient(output, loss, finish, name)
            through = _through_windows(windows, inputs, upstream, run, name)
        (gradient,) = torch.autograd.grad(prepared, leaf, through)
    if not torch.isfinite(gradient).all():
        raise ModelError(f"{name}: the gradient of the loss is NaN or infinite")
    return logits[0], gradient[0]


def _output_gradient(
    output: Tensor, loss: Loss, finish: Callable[[Tensor], Tensor], name: str
) -> tuple[Tensor, Tensor]:
    """Compute logits 1xKxHxW, and the gradient of the loss with respect to the output."""
    leaf = output.detach().requires_grad_()
    logits = finish(leaf)
    value = loss(logits[0])
    if value.shape != ():
        shape = "x".join(map(str, value.shape))
        raise ModelError(f"{name}: the loss is {shape}; expected one number")
    upstream = None
    if value.requires_grad:
        (upstream,) = torch.autograd.grad(value, leaf, allow_unused=True)
    if upstream is None:
        raise ModelError(f"{name}: the loss does not depend on the logits")
    return logits.detach(), upstream


def _through_windows(
    windows: WindowLogits,
    inputs: Tensor,
    upstream: Tensor,
    run: Callable[[Tensor], WindowLogits],
    name: str,
) -> Tensor:
    """Propagate a gradient back through the windows, one after the other.

    Args:
        windows: The output of the network for all windows.
        inputs: Its input, 1x3xhxw.
        upstream: Gradient with respect to the average of the windows, 1xKxhxw.
        run: Runs the network on one window.
        name: The segmenter's name in errors.

    Returns:
        Gradient with respect to the input, 1x3xhxw.
    """
    height, width = windows.window
    places = [
        (..., slice(top, top + height), slice(left, left + width)) for top, left in windows.corners
    ]
    count = inputs.new_zeros(1, 1, *windows.size)
    for here in places:
        count[here] += 1
    upstream = upstream / count
    total = torch.zeros_like(inputs)
    for here in places:
        part = inputs[here].clone(memory_format=torch.channels_last).requires_grad_()
        total[here] += _through(run(part.clone()).upsampled(), part, upstream[here], name)
    return total


def _through(output: Tensor, part: Tensor, upstream: Tensor, name: str) -> Tensor:
    """Propagate a gradient back from the output of the network to its input."""
    gradient = None
    if output.requires_grad:
        (gradient,) = torch.autograd.grad(output, part, upstream, allow_unused=True)
    if gradient is None:
        raise ModelError(
            f"{name}: its logits have no gradient; make its forward pass run without no_grad, "
            "detach or rounding"
        )
    return gradient


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Disable the gradients of a network's parameters inside the context.

    Layers keep fewer activations then.

    Args:
        network: The network. After the context its parameters are as before.
    """
    parameters = [each for each in network.parameters() if each.requires_grad]
    try:
        for each in parameters:
            each.requires_grad_(False)
        yield
    finally:
        for each in parameters:
            each.requires_grad_(True)
