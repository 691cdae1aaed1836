"""The batches of a training. Each one depends only on the seed and the iteration."""

import itertools
import pickle
import traceback
from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from robustbench_seg.datasets import LabelledSamples, Sample
from robustbench_seg.errors import ModelError, RobustsegError
from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.signals import signals_blocked
from robustbench_seg.records.cards.model_card import ModelCard
from robustbench_seg.records.values.preprocessing import Preprocessing
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.augment import augment

_SHUFFLE, _AUGMENT = 0, 1  # separate random streams from one seed

KEPT_BYTES = 512 * 2**20
"""Bytes of decoded images that each worker keeps, so small datasets are decoded only once."""


class Batches(TorchDataset[tuple[Tensor, Tensor]]):
    """Item `iteration` is that step's batch: uint8 images Nx3xHxW and uint8 labels NxHxW.

    Every epoch visits every image once, in an order drawn from (seed, epoch). The view of an
    image is drawn from (seed, iteration, slot in the batch). So neither the number of workers nor
    a restart in the middle changes a batch.

    Args:
        dataset: The images.
        recipe: The hyper-parameters.
        card: Its preprocessing gives the colour of the padding, and its resize the base size.
        slots: The places of a batch to prepare, if several processes share it. None means all.
    """

    def __init__(
        self,
        dataset: LabelledSamples,
        recipe: TrainingRecipe,
        card: ModelCard,
        slots: range | None = None,
    ) -> None:
        self.dataset = dataset
        self.recipe = recipe
        self.slots = range(recipe.batch) if slots is None else slots
        red, green, blue = (round(255 * value) for value in card.preprocessing.mean)
        self.base_size = card.resize
        self.padding = (red, green, blue)  # near 0 after normalisation
        self._kept = dict[int, Sample]()
        self._room = KEPT_BYTES

    def index(self, iteration: int, slot: int) -> int:
        """The index in the dataset of the image at `slot` of the batch of `iteration`."""
        epoch, position = divmod(iteration * self.recipe.batch + slot, len(self.dataset))
        order = np.random.default_rng([self.recipe.seed, _SHUFFLE, epoch])
        return int(order.permutation(len(self.dataset))[position])

    def __getitem__(self, iteration: int) -> tuple[Tensor, Tensor]:
        views = []
        for slot in self.slots:
            sample = self._sample(self.index(iteration, slot))
            rng = np.random.default_rng([self.recipe.seed, _AUGMENT, iteration, slot])
            views.append(
                augment(sample.image, sample.labels, self.recipe, self.padding, rng, self.base_size)
            )
        images = np.stack([image for image, _ in views])
        labels = np.stack([labels for _, labels in views])
        # A view in channels_last order, which needs no copy and is faster in convolutions.
        return torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)

    def _sample(self, index: int) -> Sample:
        if index in self._kept:
            return self._kept[index]
        sample = self.dataset[index]
        size = sample.image.nbytes + sample.labels.nbytes
        if size <= self._room:
            self._room -= size
            self._kept[index] = sample
        return sample


def iterate_batches(
    batches: Batches, workers: int, start: int = 0, *, pinned: bool = False
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches from iteration `start` on, without end.

    Workers are new processes (spawn), so the dataset must be picklable, and a script needs the
    usual `if __name__ == "__main__"`. machine/pool.py explains why they are not forked.

    Args:
        batches: The batches by iteration.
        workers: Processes that prepare batches in advance. 0 means this process prepares them.
        start: First iteration.
        pinned: Whether the batches are in page-locked memory, from which a GPU copies faster.

    Raises:
        ModelError: There are workers, and the dataset cannot be pickled or a worker dies.
        DatasetError: An image or its labels cannot be read.
    """
    if workers:
        _check_picklable(batches)
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=itertools.count(start),
        num_workers=workers,
        worker_init_fn=_start_worker if workers else None,
        multiprocessing_context="spawn" if workers else None,
        pin_memory=pinned,
        generator=torch.Generator(),  # its seed must not come from the generator of dropout
    )
    try:
        with signals_blocked():  # runs in the workers, so that they end with this process
            batches_ahead = iter(loader)
        yield from batches_ahead
    except RobustsegError as error:
        # The loader prepends a worker's traceback to the message.
        message = str(error).rstrip().rpartition(f"{type(error).__name__}: ")[2]
        problem = type(error)(message)
        # The workers end when the loader's iterator is freed; no frame may refer to it.
        traceback.clear_frames(error.__traceback__)
    # The sampler has no end, so only an error leads here.
    del batches_ahead
    raise problem


def _check_picklable(batches: Batches) -> None:
    try:
        pickle.dumps(batches)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ModelError(
            f"the dataset '{batches.dataset.name}' cannot be sent to worker processes ({error}); "
            "make it picklable, or use 0 workers"
        ) from None


def _start_worker(_: int) -> None:
    keep_freed_memory()
    # The workers already use all cores, so threads inside them would only slow them down.
    cv2.setNumThreads(0)


class BatchNormaliser:
    """Normalise uint8 Nx3xHxW RGB images to float32 on a device: (rgb / 255 - mean) / std.

    segmenter.inference.Normaliser does the same for one image in another layout.
    """

    def __init__(self, preprocessing: Preprocessing, device: str) -> None:
        mean, std = torch.tensor(preprocessing.mean), torch.tensor(preprocessing.std)
        self._device = device
        self._shift = (-mean / std).reshape(1, 3, 1, 1).to(device)
        self._scale = (1 / (255 * std)).reshape(1, 3, 1, 1).to(device)

    def __call__(self, images: Tensor) -> Tensor:
        """Normalise images (uint8 Nx3xHxW) and keep their memory order."""
        values = images.to(self._device, non_blocking=True).float()
        return torch.addcmul(self._shift, values, self._scale)
