"""Let the threads of a network wait without using a core."""

import os


def wait_patiently() -> None:
    """Have OpenMP's threads sleep while they wait for each other, unless the user has decided.

    By default they spin. On a machine with as many busy processes as cores a spinning thread
    keeps its own partner from the core it waits for (benchmarks/waiting.py). No number changes.

    Call it before torch is imported: the setting is read when the library loads.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
