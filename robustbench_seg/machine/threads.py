"""Let the threads of a network wait for each other without stalling a busy machine."""

import os

SPINS = 20_000


def wait_briefly() -> None:
    """Have OpenMP's threads spin only briefly before they sleep, unless the user has decided.

    GNU OpenMP spins 300,000 times by default. Where as many other processes are busy as there are
    cores, a spinning thread keeps its own partner from the core it waits for; threads that always
    sleep are slow on an idle machine. benchmarks/waiting.py compares. No number changes.

    Call it before torch is imported: the setting is read when the library loads.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))
