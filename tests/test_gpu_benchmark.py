"""benchmarks/gpu.py on a CPU with a tiny network: its checks hold and its file is complete."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
CHECKS = {
    *("as_on_a_cpu", "windows_in_batches", "little_memory", "low_precisions"),
    *("collectives", "training_resumes"),
}


def run(*arguments):
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


@pytest.mark.slow
def test_it_checks_and_measures_a_tiny_network(tmp_path):
    done = run(tmp_path / "gpu.json", "--device", "cpu", "--tiny")
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "gpu.json").read_text())
    assert set(result["checks"]) == CHECKS
    assert all(check["ok"] for check in result["checks"].values())
    kinds = {name.split()[0] for name in result["measured"]}
    assert kinds == {"study", "attack", "layouts", "attention"}
    assert result["measured"]["attack segformer-b0"]["images_per_s_of_a_step"] > 0
    assert 0 <= result["measured"]["study segformer-b0 workers=1"]["share_of_time_it_waits"] <= 1
    assert (result["left_out"], result["tiny"]) == ([], True)


@pytest.mark.slow  # 4 s for the imports of the script
def test_without_a_gpu_it_says_what_to_do(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    done = run(tmp_path / "gpu.json")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "benchmarks/gpu.py: torch sees no GPU; give --device cpu --tiny to try the script"
    )
    assert not (tmp_path / "gpu.json").exists()


def test_the_script_has_ten_minutes_and_two_exit_codes(tmp_path):
    """With another Python in the place of the repository's, which fails."""
    script = BENCHMARKS / "gpu.sh"
    assert os.access(script, os.X_OK)
    (tmp_path / "benchmarks").mkdir()
    copy = tmp_path / "benchmarks" / "gpu.sh"
    copy.write_text(script.read_text())
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = tmp_path / ".venv/bin/python"
    for code, expected in ((0, 0), (1, 1), (3, 1)):
        python.write_text(f'#!/bin/sh\necho "$@"\nexit {code}\n')
        python.chmod(0o755)
        done = subprocess.run(["sh", str(copy), "out.json"], capture_output=True, text=True)
        assert done.returncode == expected
        assert done.stdout == "benchmarks/gpu.py out.json --device cuda\n"
    assert "timeout 600" in script.read_text()
