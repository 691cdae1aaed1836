"""A user's torch module as a segmenter."""

import hashlib
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from robustbench_seg.errors import ModelError, RobustsegError
from robustbench_seg.records.runs.segmenter_record import ModelFacts, SegmenterRecord
from robustbench_seg.records.values.preprocessing import Inference, Preprocessing
from robustbench_seg.segmenter.assembly import assemble
from robustbench_seg.segmenter.class_names import class_spelling, listed_names
from robustbench_seg.segmenter.described_network import DescribedNetwork
from robustbench_seg.segmenter.foreign_errors import error_text
from robustbench_seg.segmenter.logits_check import checked_logits
from robustbench_seg.segmenter.segmenter import Segmenter
from robustbench_seg.segmenter.segmenter_options import NETWORK_OPTIONS, SegmenterOptions

MODULE_LAW = 1
"""Increment when the input preparation for users' torch modules changes."""


def from_module(
    network: nn.Module,
    options: SegmenterOptions,
    classes: Sequence[str] | None,
    preprocessing: Preprocessing | None,
) -> Segmenter:
    """Build a segmenter of a torch module.

    The segmenter's key has the module's class, its printed structure and a digest of its parameters
    and buffers. The module is switched to eval mode and moved to the device.

    Args:
        network: A module that maps normalised float Nx3xHxW to logits NxKxhxw of any size.
        options: How it runs.
        classes: Names of its classes, in the order of their indices.
        preprocessing: Mean and standard deviation that normalise its images.

    Returns:
        The segmenter.

    Raises:
        ModelError: The classes or the preprocessing is missing.
        OptionError: An option is not for networks.
    """
    kind = type(network)
    options.accept_only(options.name or kind.__name__, *NETWORK_OPTIONS)
    where = f"{kind.__module__}.{kind.__qualname__}"
    if classes is None:
        raise ModelError(
            f"{where}: give classes, the names of its classes in the order of their indices"
        )
    if preprocessing is None:
        raise ModelError(f"{where}: give mean and std of RGB in 0..1, for the normalisation")
    names = listed_names(classes, where)
    state = network.state_dict()
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)} ".encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    described = DescribedNetwork(
        _Logits(network.eval(), where, len(names)),
        SegmenterRecord(
            architecture=where,
            weights=digest.hexdigest(),
            config=hashlib.sha256(repr(network).encode()).hexdigest(),
            preprocessing=preprocessing,
            inference=Inference("whole"),
            laws={"module": MODULE_LAW},
        ),
        ModelFacts(
            location=where,
            params=sum(parameter.numel() for parameter in network.parameters()),
            libraries={"torch": str(torch.__version__)},
        ),
    )
    return assemble(
        described,
        options,
        name=kind.__name__,
        classes=class_spelling(names, options.classes),
    )


class _Logits(nn.Module):
    """A user's module whose output is checked to be logits."""

    def __init__(self, network: nn.Module, where: str, classes: int) -> None:
        super().__init__()
        self.network = network
        self._where = where
        self._classes = classes

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits.

        Args:
            images: Float Nx3xHxW, normalised.

        Returns:
            Float logits NxKxhxw.

        Raises:
            ModelError: The module returns something else.
        """
        try:
            answer = self.network(images)
        except (torch.OutOfMemoryError, RobustsegError):
            raise
        except Exception as error:
            raise ModelError(f"{self._where}: fails on an image: {error_text(error)}") from error
        # torchvision models return such a mapping.
        if isinstance(answer, Mapping) and "out" in answer:
            answer = answer["out"]
        return checked_logits(answer, images, self._classes, self._where)
