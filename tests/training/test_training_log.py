import time

import numpy as np
from PIL import Image

from robustbench_seg.training.training_log import Clock, TrainingLog

ROWS = "20,1.5,0.001,2.5000,\n20,1.5,0.001,,41.2000\n"


def test_rows_are_on_disk_at_once_and_begin_with_earlier_ones(tmp_path):
    path = tmp_path / "new" / "log.csv"
    log = TrainingLog(tmp_path / "new")
    assert path.read_text() == "iteration,seconds,lr,loss,miou\n"
    log.add(20, 1.5, 1e-3, loss=2.5)
    log.add(20, 1.5, 1e-3, miou=41.2)
    assert log.rows == ROWS
    assert path.read_text() == "iteration,seconds,lr,loss,miou\n" + ROWS
    with path.open("a") as file:
        file.write("40,2.0,0.001,2.0")
    assert TrainingLog(tmp_path / "new", ROWS).rows == ROWS
    assert path.read_text() == "iteration,seconds,lr,loss,miou\n" + ROWS


def test_the_figure_shows_what_the_log_holds(tmp_path):
    def draw(name, losses, scores=(10, 60)):
        log = TrainingLog(tmp_path / name)
        for i, loss in enumerate(losses):
            log.add(20 * i, float(i), 1e-3, loss=loss)
        for i, miou in enumerate(scores):
            log.add(40 * i, float(i), 1e-3, miou=miou)
        log.draw()
        return (tmp_path / name / "log.png").read_bytes()

    falling = draw("falling", np.linspace(3, 0.5, 30))
    assert draw("again", np.linspace(3, 0.5, 30)) == falling
    assert draw("rising", np.linspace(0.5, 3, 30)) != falling
    assert draw("other scores", np.linspace(3, 0.5, 30), (60, 10)) != falling
    assert len(falling) < 60_000
    assert draw("no validation yet", [2.0], ())
    with Image.open(tmp_path / "falling" / "log.png") as picture:
        assert picture.size == (640, 400)


def test_a_clock_goes_on_and_can_be_paused():
    clock = Clock(10.0)
    with clock.paused():
        time.sleep(0.05)
    assert 10.0 <= clock.seconds < 10.04
