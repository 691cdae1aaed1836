"""The store of runs and packs: writes, reads and checks counts."""

from robustbench_seg.store.condition_scores import class_scores, condition_scores
from robustbench_seg.store.counts import COUNTS, condition_rows, has_counts, with_counts
from robustbench_seg.store.left_out import collected, left_out
from robustbench_seg.store.packs.pack_file import is_pack_member
from robustbench_seg.store.packs.pack_verification import verify_pack
from robustbench_seg.store.packs.pack_writing import pack
from robustbench_seg.store.parts import Row, part_files
from robustbench_seg.store.picture_files import (
    KEPT_SEVERITIES,
    PictureFiles,
    is_own_picture,
)
from robustbench_seg.store.run import Run
from robustbench_seg.store.run_folder import RunFolder
from robustbench_seg.store.run_groups import (
    NO_MATRICES,
    group_records,
    group_runs,
    group_trainings,
    model_runs,
)
from robustbench_seg.store.run_paths import Paths
from robustbench_seg.store.run_probes import (
    Probe,
    decode_labels,
    encode_labels,
    probed_hardware,
    read_probes,
    write_probe,
)
from robustbench_seg.store.run_protocol import (
    ProtocolsByName,
    check_parameters,
    recorded_protocol,
    scoring_protocol,
)
from robustbench_seg.store.tables import read_counts, read_results
from robustbench_seg.store.timings import Timing, median_seconds

__all__ = [
    "COUNTS",
    "KEPT_SEVERITIES",
    "NO_MATRICES",
    "Paths",
    "PictureFiles",
    "Probe",
    "ProtocolsByName",
    "Row",
    "Run",
    "RunFolder",
    "Timing",
    "check_parameters",
    "class_scores",
    "collected",
    "condition_rows",
    "condition_scores",
    "decode_labels",
    "encode_labels",
    "group_records",
    "group_runs",
    "group_trainings",
    "has_counts",
    "is_own_picture",
    "is_pack_member",
    "left_out",
    "median_seconds",
    "model_runs",
    "pack",
    "part_files",
    "probed_hardware",
    "read_counts",
    "read_probes",
    "read_results",
    "recorded_protocol",
    "scoring_protocol",
    "verify_pack",
    "with_counts",
    "write_probe",
]
