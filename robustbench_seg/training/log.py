"""What a training writes while it runs: its clock and its CSV."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Clock:
    """Seconds since it was made, without those spent inside `paused`."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time so far."""
        return time.monotonic() - self._start

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the time inside the block not count."""
        before = time.monotonic()
        yield
        self._start += time.monotonic() - before


class Log:
    """The CSV of a training; every row is on disk as soon as it is added."""

    COLUMNS = ("iteration", "seconds", "lr", "loss", "miou")

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(",".join(self.COLUMNS) + "\n")

    def add(
        self,
        iteration: int,
        seconds: float,
        lr: float,
        loss: float | None = None,
        miou: float | None = None,
    ) -> None:
        """Append a row; None is an empty cell."""
        scores = ("" if value is None else f"{value:.4f}" for value in (loss, miou))
        row = (str(iteration), f"{seconds:.1f}", f"{lr:.6g}", *scores)
        with self._path.open("a") as file:
            file.write(",".join(row) + "\n")
