import numpy as np

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results import absent_class_warnings
from robustbench_seg.store import Row, RunFolder


def test_classes_without_a_true_pixel_are_named_once(run, run_record, tmp_path):
    runs = []
    for name in ("a", "b"):
        folder = RunFolder.open(tmp_path, run_record(name, images=3))
        matrix = np.array([[0, 0], [5, 4]])  # x is only predicted
        rows = [Row(f"val/{i}.png", CLEAN, {"confusion": matrix}) for i in range(3)]
        folder.add(0, rows)
        runs.append(folder.path)
    assert absent_class_warnings(runs) == ["d: 1 of 2 classes has no true pixel in the 3 images: x"]
    assert absent_class_warnings([run("whole", images=2), run("empty", scored=0)]) == []
