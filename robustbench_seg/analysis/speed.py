"""Time and memory for labelling an image, measured in a separate process."""

import multiprocessing
import re
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

from robustbench_seg.errors import ModelError
from robustbench_seg.machine.allocator import keep_freed_memory
from robustbench_seg.machine.threads import limit_spinning
from robustbench_seg.records.specs.speed_spec import SpeedSpec
from robustbench_seg.records.values.image_size import Size


@dataclass(frozen=True)
class Speed:
    """Time and memory for labelling one image.

    Attributes:
        seconds: Median over the repetitions, from the uint8 image to its labels, with random
            weights.
        peak: Peak memory in bytes. On a CPU, that of the whole process, about 0.5 GB of which are
            the interpreter and torch. On a GPU, that of the tensors.
    """

    seconds: float
    peak: int


def measure_speed(model: str, size: Size, spec: SpeedSpec) -> Speed:
    """Label one random image several times, after one run to warm up.

    Settings of memory and threads are those of `robustseg evaluate`. Each model runs in a new
    process, so that the peak does not include the memory of other models.

    Args:
        model: A card's name or file.
        size: Height and width of the image, in pixels. The network gets the whole image at this
            size, even if the card uses sliding windows or scales images.
        spec: How to measure; its `repeat` is at least 1.

    Returns:
        The speed.

    Raises:
        ModelError: The model cannot run with these settings, or its process is killed.
    """
    limit_spinning()  # inherited by the new process, which imports torch before _measure runs
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            return pool.submit(_measure, model, size, spec).result()
        except BrokenProcessPool:
            raise ModelError(
                f"{model}: the process was killed at {size[0]}x{size[1]}, most likely because "
                "memory ran out; choose a smaller size"
            ) from None


def _measure(model: str, size: Size, spec: SpeedSpec) -> Speed:
    keep_freed_memory()

    import numpy as np
    import torch

    from robustbench_seg.records.cards.model_card import load_card
    from robustbench_seg.records.runs.segmenter_record import UNTRAINED, ModelFacts
    from robustbench_seg.segmenter import (
        DescribedNetwork,
        SegmenterOptions,
        assemble,
        load_model,
        network_record,
    )
    from robustbench_seg.segmenter.loading.backends import prepare_for_backend

    if spec.threads is not None:
        torch.set_num_threads(spec.threads)
    card = load_card(model)
    options = SegmenterOptions(inference="whole", device=spec.device, precision=spec.precision)
    untrained = load_model(model, weights=UNTRAINED)
    record = replace(network_record(card, untrained), resize=None)
    described = DescribedNetwork(untrained, record, ModelFacts())
    segmenter = assemble(
        prepare_for_backend(options, described),
        options,
        name=card.name,
        classes=tuple(map(str, range(card.classes))),
    )
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    seconds = []
    for _ in range(spec.repeat + 1):
        started = time.perf_counter()
        segmenter(image)  # labels are returned in main memory, so a GPU has finished
        seconds.append(time.perf_counter() - started)
    on_gpu = torch.device(spec.device).type == "cuda"
    peak = torch.cuda.max_memory_allocated(spec.device) if on_gpu else _peak_memory()
    return Speed(statistics.median(seconds[1:]), peak)


def _peak_memory() -> int:
    """The largest resident size of this process so far, in bytes."""
    try:
        # getrusage would also count the memory of the parent at the fork.
        status = Path("/proc/self/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024
    except (OSError, IndexError):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
