"""Initial values of parameters, shared by the architectures."""

import math

from torch import nn


def initialise(network: nn.Module, classifier: nn.Module) -> None:
    """Fill the parameters of a network for training from scratch.

    Linear layers get a truncated normal distribution of deviation 0.02, as in the SegFormer code
    (arXiv 2105.15203). Convolutions get a normal distribution whose variance keeps the gradient's
    scale (fan-out, He et al. 2015), counted per group. Normalisation starts as the identity.

    A network on the meta device is left as it is: it has no values, and torch would import its
    compiler to draw normal numbers, which takes longer than building the network.

    Args:
        network: The network, changed in place.
        classifier: Its last layer. No normalisation follows it, so it gets deviation 0.01, which
            puts the first loss close to log(classes).
    """
    if any(parameter.is_meta for parameter in classifier.parameters()):
        return
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
        elif isinstance(module, nn.Conv2d):
            fan_out = math.prod(module.kernel_size) * module.out_channels // module.groups
            nn.init.normal_(module.weight, std=math.sqrt(2 / fan_out))
        if isinstance(module, nn.Linear | nn.Conv2d) and module.bias is not None:
            nn.init.zeros_(module.bias)
    for name, parameter in classifier.named_parameters():
        if name.endswith("weight"):
            nn.init.normal_(parameter, std=0.01)
