import pandas as pd
import pytest

from robustbench_seg.errors import ResultsError
from robustbench_seg.results import Run, condition_scores, read_results, summary_text


def test_a_run_knows_its_record_rows_and_scores(run):
    folder = run("a", images=2)
    one = Run(folder)
    assert one.record.model == "a"
    assert len(one.results()) == 2 * 81
    expected = condition_scores(read_results(folder))
    pd.testing.assert_frame_equal(one.conditions(), expected)
    assert repr(one) == f"<run a on 2 images of cityscapes: {folder}>"


def test_a_summary_has_a_row_for_each_run(run, protocol):
    runs = [Run(run("a", images=2)), Run(run("b", 0.5, images=2))]
    text = summary_text(runs, protocol)
    assert text == summary_text(runs, "cityscapes-c")
    lines = text.splitlines()
    legend = f"mIoU in percent; retention = mean / clean. Averaged: {protocol.averaged}."
    assert lines[1] == legend
    assert lines[2].split() == [
        *("model", "clean", "blur", "noise", "digital", "weather", "mean", "retention")
    ]
    clean = runs[0].conditions().set_index("corruption")["miou"]["clean"]
    assert lines[3].split()[:2] == ["a", f"{clean:.1f}"]
    assert lines[-2:] == [str(each.path) for each in runs]


def test_a_folder_that_is_no_run_says_so_when_it_is_read(tmp_path):
    with pytest.raises(ResultsError, match=r"no run.json here; name a run folder"):
        _ = Run(tmp_path).record
