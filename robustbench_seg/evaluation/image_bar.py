"""The progress bar of an evaluation, with the images scored and left out."""

from collections.abc import Sequence

from robustbench_seg.evaluation.model_run import ModelRun
from robustbench_seg.machine.progress import progress_bar


class ImageBar:
    """A bar that counts images x conditions x models.

    Args:
        total: Number of these.
        done: Number of them that earlier starts scored.
        runs: The runs that score the others.
        shown: Whether the bar is shown.
    """

    def __init__(self, total: int, done: int, runs: Sequence[ModelRun], *, shown: bool) -> None:
        self._bar = progress_bar(total, done, disable=not shown)
        self._done, self._others, self._runs = done, 0, runs

    def __enter__(self) -> "ImageBar":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def update(self) -> None:
        """Show the progress of the runs."""
        if left_out := sum(len(run.outcomes.left_out) for run in self._runs):
            self._bar.set_postfix({"left out": left_out}, refresh=False)
        scored = self._others + sum(run.outcomes.scored for run in self._runs)
        self._bar.update(self._done + scored - self._bar.n)

    def show_others(self, scored: int) -> None:
        """Show the progress of the runs.

        Args:
            scored: Number of images that other processes have scored so far.
        """
        self._others = scored
        self.update()
