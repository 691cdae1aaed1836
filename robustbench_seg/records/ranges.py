"""The numbers that fields and options accept: the records and the command line take them here.

The largest counts are those beyond which a machine hangs or its memory ends.
"""

from typing import Annotated

from robustbench_seg.cards import Range

THREADS = Range(1, 1024)
WORKERS = Range(1, 256)
PREPARERS = Range(0, 256)
"""Processes that prepare batches; with 0 the training does so itself."""

GPUS = Range(1, 1024)
BATCH = Range(1, 65_536)
LIMIT = Range(1, 10**9)
IMAGES = Range(1, 100_000)
REPEAT = Range(0, 10_000)
ITERATIONS = Range(1, 10**9)
WARMUP = Range(0, 10**9)
TRAINING_SEED = Range(0, 2**63 - 1)
"""Its end is the largest integer of TOML."""

Threads = Annotated[int, THREADS]
Workers = Annotated[int, WORKERS]
Preparers = Annotated[int, PREPARERS]
Batch = Annotated[int, BATCH]
Limit = Annotated[int, LIMIT]
Iterations = Annotated[int, ITERATIONS]
Warmup = Annotated[int, WARMUP]
TrainingSeed = Annotated[int, TRAINING_SEED]
CorruptionSeed = Annotated[int, Range(0, 2**32 - 1)]
Minutes = Annotated[float, Range(above=0, most=10**6)]

Count = Annotated[int, Range(0)]
Positive = Annotated[int, Range(1)]
Side = Annotated[int, Range(1, 2**20)]
"""A side of an image or window, in pixels."""

Level = Annotated[int, Range(0, 255)]
Share = Annotated[float, Range(0, 1)]
Decay = Annotated[float, Range(0, below=1)]
Percent = Annotated[float, Range(0, 100)]
Duration = Annotated[float, Range(0)]
AboveZero = Annotated[float, Range(above=0)]
