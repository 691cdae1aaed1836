"""The store of runs and packs: writes, reads and checks counts."""

from robustbench_seg.store.packs.pack_verification import verify_pack
from robustbench_seg.store.packs.pack_writing import pack
from robustbench_seg.store.parts import Row
from robustbench_seg.store.read import read_counts, read_results
from robustbench_seg.store.recorded import recorded_runs
from robustbench_seg.store.run import Run
from robustbench_seg.store.run_folder import RunFolder
from robustbench_seg.store.run_groups import group_runs, model_runs
from robustbench_seg.store.run_probes import Probe, probed_hardware, read_probes
from robustbench_seg.store.run_protocol import own_protocol
from robustbench_seg.store.timings import Timing, median_seconds

__all__ = [
    "Probe",
    "Row",
    "Run",
    "RunFolder",
    "Timing",
    "group_runs",
    "median_seconds",
    "model_runs",
    "own_protocol",
    "pack",
    "probed_hardware",
    "read_counts",
    "read_probes",
    "read_results",
    "recorded_runs",
    "verify_pack",
]
