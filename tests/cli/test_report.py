from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from robustbench_seg.cli.main import main
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.runs.run_key import DatasetRecord, PerturbationRecord, RunKey
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.store import Row, RunFolder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two runs of one image and two classes: IoU 50 of each class everywhere, and 100."""
    protocol = load_protocol()
    for model, wrong in (("half", 50), ("whole", 0)):
        key = RunKey(
            SegmenterRecord("toy", weights=model),
            DatasetRecord("minicity", "val", 1, ("road", "car"), {}),
            PerturbationRecord("fast", 2, 0, protocol.severities_digest, {}),
        )
        matrix = np.array([[100, wrong], [wrong, 100]])
        conditions = (CLEAN, *protocol.conditions())
        rows = [Row("a.png", condition, {"confusion": matrix}) for condition in conditions]
        record = RunRecord(model, key, protocol.name, protocol.version)
        RunFolder.open(tmp_path / "runs", record).add(0, rows)
    return tmp_path / "runs"


def test_report_writes_the_page_and_says_what_was_learnt(runs: Path, tmp_path: Path, blank_figures):
    arguments = ["report", str(runs), "--out", str(tmp_path / "out"), "--reference", "half"]
    result = CliRunner().invoke(main, [*arguments, "--no-pictures"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[2].split()[:5] == ["1=.", "whole", "100.0", "100.0", "100.0"]
    assert lines[3].split()[:5] == ["1=.", "half", "50.0", "50.0", "100.0"]
    assert (
        "no difference in robustness is established between whole (mean mIoU over 16 corruptions"
        in result.stdout
    )
    assert (
        "whole and half differ by 50.0 points (there is only one sampling unit)." in result.stdout
    )
    assert lines[-1] == f"report: {tmp_path / 'out' / 'index.html'}"
    assert (tmp_path / "out" / "index.html").is_file()
    assert (tmp_path / "out" / "tables" / "miou.csv").is_file()


def test_one_line_for_what_is_wrong(runs: Path, tmp_path: Path):
    out = ["--out", str(tmp_path / "out")]
    for arguments, message in (
        ([str(tmp_path / "nowhere")], "no such folder"),
        ([str(tmp_path)], "neither a run folder"),
        ([str(runs), "--reference", "hal"], "unknown model 'hal'; did you mean 'half'?"),
        ([str(runs), "--protocol", "cityscape"], "did you mean 'cityscapes-c'"),
    ):
        result = CliRunner().invoke(main, ["report", *arguments, *out])
        assert result.exit_code == 2
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
