"""Creates images for the segmenters: each is decoded once, corrupted in advance, and not kept.

They depend only on the image of the dataset and the condition, and are yielded in the requested
order. The number of workers changes only the speed.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption import corrupt
from robustbench_seg.datasets import ClassMap, EvaluationDataset, Sample, instances_of, read_image
from robustbench_seg.errors import CorruptionError, DatasetError
from robustbench_seg.evaluation.inputs.evaluation import Evaluation
from robustbench_seg.measures import Measure, Truth
from robustbench_seg.records.values.condition import CLEAN, Condition, as_png
from robustbench_seg.segmenter import AnyImage
from robustbench_seg.trees.tree import Tree


class DatasetImage:
    """An image of the dataset, decoded once, on first use, for all of its conditions."""

    def __init__(
        self, dataset: EvaluationDataset, index: int, class_map: ClassMap | None = None
    ) -> None:
        """Store the index. `class_map` may leave out classes, whose pixels are not scored."""
        self.index = index
        self.id = dataset.ids[index]
        self._dataset = dataset
        self._class_map = class_map
        self._lock = Lock()
        self._prepared = dict[str, Any]()

    def sample(self) -> Sample:
        """Return the image with its labels. Raises DatasetError at each call if unreadable."""
        with self._lock:
            read = self._read
        if isinstance(read, DatasetError):
            raise read
        return read

    def prepared(self, measure: Measure) -> Any:
        """Return the data that a measure derives from the truth; computed once, not thread-safe."""
        if measure.name not in self._prepared:
            labels = self.sample().labels
            read = partial(instances_of, self._dataset, self.index, labels.shape)
            self._prepared[measure.name] = measure.prepare(Truth(labels, read))
        return self._prepared[measure.name]

    @cached_property
    def _read(self) -> Sample | DatasetError:
        try:
            sample = self._dataset[self.index]
        except DatasetError as error:
            return error
        if self._class_map is None:
            return sample
        return replace(sample, labels=self._class_map.truth(sample.labels))


@dataclass(frozen=True, eq=False)
class ConditionImage:
    """One image under one condition.

    Attributes:
        original: The image of the dataset.
        condition: The condition.
        pixels: uint8 HxWx3 RGB, or the attacked image. None: the image is left out; see `reason`.
        reason: Why the image is left out. None: it is not left out.
        is_same: Whether a corrupted image equals its clean image.
        seconds: Time to create or read the image.
        is_attack: Whether the condition is an attack. Then `pixels` are clean until they are
            perturbed.
        is_unreadable: Whether the image is left out because a file cannot be read.
    """

    original: DatasetImage
    condition: Condition
    pixels: AnyImage | None
    reason: str | None
    is_same: bool
    seconds: float
    is_attack: bool = False
    is_unreadable: bool = False


class ImageMaker:
    """Creates images in order, a few per worker in advance.

    Attributes:
        tree: The tree with the corrupted images. None: they are created in memory.
    """

    def __init__(self, evaluation: Evaluation, tree: Tree | None = None) -> None:
        """Start the threads that create the images of an evaluation."""
        self._evaluation = evaluation
        self.tree = tree
        workers = evaluation.workers
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers) if workers > 1 else None

    def __enter__(self) -> "ImageMaker":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def all(self, wanted: Iterable[tuple[DatasetImage, Condition]]) -> Iterator[ConditionImage]:
        """Yield each of `wanted` in order. With one worker, no image is created in advance."""
        if self._pool is None:
            yield from (self.make(*pair) for pair in wanted)
            return
        waiting: deque[Future[ConditionImage]] = deque()
        for pair in wanted:
            waiting.append(self._pool.submit(self.make, *pair))
            if len(waiting) > 2 * self._workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def make(self, original: DatasetImage, condition: Condition) -> ConditionImage:
        """Create one image, in the thread of the caller."""
        started = time.perf_counter()
        pixels: AnyImage | None = None
        reason, is_same, is_unreadable = None, False, False
        is_attack = self._evaluation.protocol.is_attack(condition)
        try:
            clean = original.sample().image
            if condition == CLEAN or is_attack:
                pixels = clean
            else:
                pixels = corrupted = self._corrupted(original, condition)
                is_same = bool(np.array_equal(corrupted, clean))
        except (DatasetError, CorruptionError) as error:
            pixels, reason = None, str(error)
            is_unreadable = isinstance(error.__cause__, OSError)
        seconds = time.perf_counter() - started
        return ConditionImage(
            original, condition, pixels, reason, is_same, seconds, is_attack, is_unreadable
        )

    def _corrupted(self, original: DatasetImage, condition: Condition) -> NDArray[np.uint8]:
        spec, clean = self._evaluation.spec, original.sample().image
        if self.tree is None:
            return corrupt(
                clean,
                condition.name,
                condition.severity,
                seed=self._evaluation.seed,
                image_id=original.id,
                stream=spec.stream,
                protocol=self._evaluation.protocol,
            )
        name = f"{condition.folder}/{as_png(original.id)}"
        folder = self.tree.folder / condition.folder
        image = read_image(self.tree.folder / name)
        if image.shape != clean.shape:
            raise DatasetError(
                f"{original.id} in {folder} has {image.shape[1]}x{image.shape[0]} pixels, its "
                f"clean image {clean.shape[1]}x{clean.shape[0]}; generate it again"
            )
        self.tree.check_image(name, image)
        return image
