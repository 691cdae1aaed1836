import pandas as pd
import pytest

from robustbench_seg.errors import ResultsError
from robustbench_seg.store import Run, condition_scores, read_results


def test_a_run_knows_its_record_rows_and_scores(run):
    folder = run("a", images=2)
    one = Run(folder)
    assert one.record.model == "a"
    assert len(one.results()) == 2 * 81
    expected = condition_scores(read_results(folder))
    pd.testing.assert_frame_equal(one.conditions(), expected)
    assert repr(one) == f"<run a on 2 images of cityscapes: {folder}>"


def test_a_folder_that_is_no_run_says_so_when_it_is_read(tmp_path):
    with pytest.raises(ResultsError, match=r"no run.json in it; name a run folder"):
        _ = Run(tmp_path).record
