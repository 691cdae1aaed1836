"""The ranges of the numbers that records, cards and options accept.

A range that the command line or a function checks is a constant (THREADS); the type of a record's
field combines it with a number type (Threads). Upper bounds of counts prevent a machine from
hanging or running out of memory.
"""

from typing import Annotated

from robustbench_seg.codec import Range
from robustbench_seg.text import one_line

# Parallelism.
THREADS = Range(1, 1024)
WORKERS = Range(1, 256)
GPUS = Range(1, 1024)

Threads = Annotated[int, THREADS]
Workers = Annotated[int, WORKERS]
Processes = Annotated[int, Range(1, 256)]
Preparers = Annotated[int, Range(0, 256)]
"""Processes that prepare batches; with 0 the training process prepares them."""

Batch = Annotated[int, Range(1, 65_536)]

# Amount of work.
LIMIT = Range(1, 10**9)
"""Images of an evaluation."""

ITERATIONS = Range(1, 10**9)

Limit = Annotated[int, LIMIT]
Images = Annotated[int, Range(1, 100_000)]
"""Images of receptive fields."""

Repetitions = Annotated[int, Range(0, 10_000)]
"""Images of a measurement of speed."""

Iterations = Annotated[int, ITERATIONS]
Warmup = Annotated[int, Range(0, 10**9)]
Minutes = Annotated[float, Range(above=0, most=10**6)]

TEMPERATURE = Range(0.01, 100)
"""Divisor of the logits before the softmax."""

Temperature = Annotated[float, TEMPERATURE]

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
MAX_SIDE = 32_768
"""Largest height and width of an image, in pixels."""

Side = Annotated[int, Range(1, MAX_SIDE)]
"""A side of an image or window, in pixels."""

CropSide = Annotated[int, Range(32, MAX_SIDE)]
"""A side of a training crop, in pixels; a network sees 1/32 of it at its coarsest scale."""

Level = Annotated[int, Range(0, 255)]
"""One channel of a colour."""

Share = Annotated[float, Range(0, 1)]
Decay = Annotated[float, Range(0, below=1)]
Percent = Annotated[float, Range(0, 100)]
Duration = Annotated[float, Range(0)]
AboveZero = Annotated[float, Range(above=0)]

MAX_CLASSES = 254
"""Labels are uint8; 254 and 255 mean an unknown id and a pixel that is not scored."""


def range_problem(name: str, value: object, wanted: Range, *, is_whole: bool = False) -> str | None:
    """Describe what is wrong with the value of a parameter.

    Args:
        name: The parameter.
        value: Its value.
        wanted: Its range.
        is_whole: Whether only whole numbers are allowed.

    Returns:
        What is wrong and what is allowed. None: nothing is wrong.

    >>> range_problem("steps", 2.5, Range(1, 100), is_whole=True)
    'steps = 2.5 is out of range; give a whole number of 1 to 100'
    """
    if wanted.has(value) and (not is_whole or float(value).is_integer()):  # type: ignore[arg-type]
        return None
    numbers = "a finite number" if wanted == Range() else str(wanted)
    whole = "a whole number of " if is_whole else ""
    return f"{name} = {one_line(str(value), 60)} is out of range; give {whole}{numbers}"
