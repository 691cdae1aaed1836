"""The log of a training: its clock, its CSV file and its figure."""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from robustbench_seg.files import cannot_be_written, write_bytes, write_text


class Clock:
    """A clock that starts at its construction and stops inside `paused`.

    Args:
        seconds: The initial time.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._start = time.monotonic() - seconds

    @property
    def seconds(self) -> float:
        """The time in seconds."""
        return time.monotonic() - self._start

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock inside the block."""
        before = time.monotonic()
        yield
        self._start += time.monotonic() - before


class TrainingLog:
    """The file log.csv; a row is on disk as soon as it is added.

    Args:
        folder: Folder of the file.
        rows: Rows of earlier starts, as CSV. The constructor drops all others, which a killed
            process wrote after its last checkpoint.
    """

    COLUMNS = ("iteration", "seconds", "lr", "loss", "miou")

    def __init__(self, folder: Path, rows: str = "") -> None:
        self._path = folder / "log.csv"
        self.rows = rows
        write_text(self._path, ",".join(self.COLUMNS) + "\n" + rows)

    def add(
        self,
        iteration: int,
        seconds: float,
        lr: float,
        loss: float | None = None,
        miou: float | None = None,
    ) -> None:
        """Append a row.

        Args:
            iteration: Optimiser steps taken.
            seconds: Training time.
            lr: Learning rate of the backbone.
            loss: Mean loss since the last row with a loss. None leaves the cell empty.
            miou: mIoU in percent. None leaves the cell empty.

        Raises:
            FileError: The file cannot be written.
        """
        scores = ("" if value is None else f"{value:.4f}" for value in (loss, miou))
        row = ",".join((str(iteration), f"{seconds:.1f}", f"{lr:.6g}", *scores)) + "\n"
        self.rows += row
        try:
            with self._path.open("a") as file:
                file.write(row)
        except OSError as error:
            raise cannot_be_written(self._path, error) from error

    def draw(self) -> None:
        """Draw loss and mIoU over the steps into log.png; equal logs give equal bytes."""
        table = pd.read_csv(self._path)
        figure = Figure(figsize=(6.4, 4.0), dpi=100, layout="constrained")
        top, bottom = figure.subplots(2, sharex=True)
        for axes, column, label, marker in (
            (top, "loss", "loss", None),
            (bottom, "miou", "mIoU on the validation split (%)", "o"),
        ):
            seen = table[["iteration", column]].dropna()
            axes.plot(seen["iteration"], seen[column], marker=marker, markersize=3)
            axes.set_ylabel(label, fontsize=8)
            axes.grid(alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
        top.set_ylim(bottom=0)
        bottom.set_xlabel("iteration")
        picture = io.BytesIO()
        figure.savefig(picture, format="png", metadata={"Software": None})
        write_bytes(self._path.with_suffix(".png"), picture.getvalue())
