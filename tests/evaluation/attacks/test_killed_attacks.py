"""SIGKILL during attacks, then an undisturbed start: the rows of an unbroken run."""

import random
import signal
import time

import pytest

from robustbench_seg.store import read_results
from tests.evaluation.attacks.command import ROWS, attack_arguments, lay_out_attacks
from tests.evaluation.command import CALLED, Forked, rows
from tests.evaluation.test_kills import finish, wait_for


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_attacks_that_are_killed_end_in_the_rows_of_an_unbroken_run(tmp_path, kills):
    """The last start is killed after the first part is written, the others at any moment."""
    lay_out_attacks(tmp_path)
    whole, out = tmp_path / "whole", tmp_path / "killed"
    finish(Forked(tmp_path, attack_arguments("whole")))
    expected, moments = rows(whole), random.Random(kills)
    assert len(expected) == ROWS
    for kill in range(kills):
        (tmp_path / CALLED).unlink(missing_ok=True)
        process = Forked(tmp_path, attack_arguments("killed"))
        if kill < kills - 1:
            wait_for(process, (tmp_path / CALLED).exists)
        else:
            wait_for(process, lambda: list(out.glob("*/parts/*")))
        time.sleep(moments.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was already finished; take more images"
    assert 0 < len(read_results(out)) < ROWS
    finish(Forked(tmp_path, attack_arguments("killed")))
    assert rows(out) == expected
    assert list(out.rglob("*.partial*")) == []
