from pathlib import Path

from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results import PictureFiles
from robustbench_seg.results.hardest_images import HardImage


def test_the_names_of_kept_pictures_do_not_change():
    """Runs that exist have them."""
    files = PictureFiles.of_run(Path("run"))
    assert files.truth == Path("run/pictures/truth.png")
    assert files.input(CLEAN) == Path("run/pictures/input/clean-0.jpg")
    assert files.prediction(Condition("fog", 3)) == Path("run/pictures/fog-3.png")
    hard = HardImage("a.png", 50.0, 40.0, Condition("fog", 1), 30.0)
    folder = Path("run/pictures/hardest")
    assert files.hard_input(hard) == folder / f"{hard.stem}-input.jpg"
    assert files.hard_truth(hard) == folder / f"{hard.stem}-truth.png"
    assert files.hard_prediction(hard) == folder / f"{hard.stem}-prediction.png"
