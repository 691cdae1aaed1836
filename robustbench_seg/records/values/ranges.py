"""The ranges of the numbers that records, protocols and options accept.

A range that a command line or a function checks has a name of its own (THREADS); the type of a
record's field is that range with its type of number (Threads). The largest counts are those beyond
which a machine hangs or its memory ends.
"""

import math
from collections.abc import Mapping
from typing import Annotated

from robustbench_seg.codec import Range
from robustbench_seg.text import one_line

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

TEMPERATURE = Range(0.01, 100)
"""What logits are divided by before a softmax."""

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
"""Of one channel of a colour."""

Share = Annotated[float, Range(0, 1)]
Decay = Annotated[float, Range(0, below=1)]
Percent = Annotated[float, Range(0, 100)]
Duration = Annotated[float, Range(0)]
AboveZero = Annotated[float, Range(above=0)]

CORRUPTION_PARAMETERS: Mapping[str, Range] = {
    "add": Range(-1, 1),
    "alias": Range(0, 100),
    "amount": Range(0, 1),
    "decay": Range(1, 10),
    "density": Range(0, 100),
    "distance": Range(1, 100),
    "factor": Range(0, 100),
    "ice": Range(0, 1),
    "iterations": Range(1, 100),
    "keep": Range(0, 1),
    "mean": Range(-10, 10),
    "mud": Range(0.01, 100),
    "photons": Range(0.1, 1000),
    "quality": Range(1, 100),
    "radius": Range(0, 500),
    "scale": Range(0.0001, 10),
    "sigma": Range(0.01, 100),
    "size": Range(0.001, 1),
    "step": Range(0.005, 1),
    "stop": Range(1.005, 3),
    "strength": Range(0, 1000),
    "threshold": Range(-10, 10),
    "water": Range(0, 100),
    "zoom": Range(1, 10),
}
"""The parameters of corruptions by name; one that several corruptions have means the same in each.

Outside its range a parameter has no meaning, or the corruption takes too long.
"""

_WHOLE = ("distance", "iterations", "quality", "radius")
"""Parameters whose fraction a corruption would drop silently."""

_FINITE = Range(above=-math.inf, below=math.inf)


def parameter_problem(name: str, value: object) -> str | None:
    """Tell what is wrong with the value of a corruption's parameter.

    Args:
        name: The parameter. One that is not in CORRUPTION_PARAMETERS belongs to a corruption of
            the user's own and may be any finite number.
        value: Its value.

    Returns:
        What is wrong and what is allowed. None: nothing is wrong.
    """
    allowed = CORRUPTION_PARAMETERS.get(name, _FINITE)
    if allowed.has(value) and (name not in _WHOLE or float(value).is_integer()):  # type: ignore[arg-type]
        return None
    wanted = "a finite number" if allowed is _FINITE else str(allowed)
    whole = "a whole number of " if name in _WHOLE else ""
    return f"{name} = {one_line(str(value), 60)} is out of range; give {whole}{wanted}"
