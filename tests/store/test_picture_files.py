import hashlib
from pathlib import Path

from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.store import PictureFiles


def test_the_names_of_kept_pictures_do_not_change():
    """Runs that exist have them."""
    files = PictureFiles.of_run(Path("run"))
    assert files.truth == Path("run/pictures/truth.png")
    assert files.input(CLEAN) == Path("run/pictures/input/clean-0.jpg")
    assert files.prediction(Condition("fog", 3)) == Path("run/pictures/fog-3.png")
    hardest = files.of_hardest("a.png", Condition("fog", 1))
    stem = hashlib.sha256(b"a.png fog 1").hexdigest()[:12]
    folder = Path("run/pictures/hardest")
    assert hardest.input == folder / f"{stem}-input.jpg"
    assert hardest.truth == folder / f"{stem}-truth.png"
    assert hardest.prediction == folder / f"{stem}-prediction.png"
