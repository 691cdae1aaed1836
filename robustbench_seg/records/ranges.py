"""The ranges of the numbers that records and options accept.

A range that a command line or a function checks has a name of its own (THREADS); the type of a
record's field is that range with its type of number (Threads). The largest counts are those beyond
which a machine hangs or its memory ends.
"""

from typing import Annotated

from robustbench_seg.cards import Range

# What a machine does at once.
THREADS = Range(1, 1024)
WORKERS = Range(1, 256)
PREPARERS = Range(0, 256)
"""Processes that prepare batches; with 0 the training does so itself."""

GPUS = Range(1, 1024)
BATCH = Range(1, 65_536)

Threads = Annotated[int, THREADS]
Workers = Annotated[int, WORKERS]
Preparers = Annotated[int, PREPARERS]
Batch = Annotated[int, BATCH]

# How much is computed.
LIMIT = Range(1, 10**9)
"""Images of an evaluation."""

IMAGES = Range(1, 100_000)
"""Images of receptive fields."""

REPEAT = Range(0, 10_000)
ITERATIONS = Range(1, 10**9)
WARMUP = Range(0, 10**9)

Limit = Annotated[int, LIMIT]
Iterations = Annotated[int, ITERATIONS]
Warmup = Annotated[int, WARMUP]
Minutes = Annotated[float, Range(above=0, most=10**6)]

# Seeds.
TRAINING_SEED = Range(0, 2**63 - 1)
"""Its end is the largest integer of TOML."""

CORRUPTION_SEED = Range(0, 2**32 - 1)
"""Its end is the largest seed of NumPy's RandomState."""

TrainingSeed = Annotated[int, TRAINING_SEED]
CorruptionSeed = Annotated[int, CORRUPTION_SEED]

# Fields of records and cards.
Count = Annotated[int, Range(0)]
Positive = Annotated[int, Range(1)]
Side = Annotated[int, Range(1, 2**20)]
"""A side of an image or window, in pixels."""

Level = Annotated[int, Range(0, 255)]
"""Of one channel of a colour."""

Share = Annotated[float, Range(0, 1)]
Decay = Annotated[float, Range(0, below=1)]
Percent = Annotated[float, Range(0, 100)]
Duration = Annotated[float, Range(0)]
AboveZero = Annotated[float, Range(above=0)]
