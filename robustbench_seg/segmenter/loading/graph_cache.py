"""Keeps quantised graphs in the cache folder, because making one takes up to a minute.

The name of a file has the digest of everything that decides the graph, and the digest of its bytes.
A file that was changed is ignored and made again.
"""

import logging
from pathlib import Path

import torch
from torch import nn

from robustbench_seg.codec import to_table
from robustbench_seg.errors import FileError
from robustbench_seg.files import cache_folder, digest_bytes, digest_file, digest_json, write_bytes
from robustbench_seg.records.runs.calibration_record import CalibrationRecord
from robustbench_seg.records.runs.segmenter_record import SegmenterRecord

log = logging.getLogger(__name__)


def graph_key(network: nn.Module, record: SegmenterRecord, calibration: CalibrationRecord) -> str:
    """Compute a digest of everything that decides a quantised graph.

    Args:
        network: The network in float32.
        record: Its record, which has the preprocessing of the calibration images.
        calibration: The calibration images and the quantising library.

    Returns:
        sha256 as 64 hex digits.
    """
    state = {
        name: digest_bytes(value.detach().cpu().contiguous().numpy().tobytes())
        for name, value in network.state_dict().items()
    }
    tables = to_table(record), to_table(calibration)
    contents = [str(network), state, *tables, torch.__version__]
    return digest_json(contents)


def find_graph(key: str) -> Path | None:
    """Return the file of a graph that was kept unchanged, or None.

    Args:
        key: Its digest, see graph_key.
    """
    for path in sorted(_folder().glob(f"{key}-*.onnx")):
        try:
            if path.stem == f"{key}-{digest_file(path)}":
                return path
        except OSError:
            continue
    return None


def keep_graph(key: str, graph: Path) -> None:
    """Copy a graph into the cache, if it can be written.

    Args:
        key: Its digest, see graph_key.
        graph: Its file.
    """
    data = graph.read_bytes()
    try:
        write_bytes(_folder() / f"{key}-{digest_bytes(data)}.onnx", data)
    except FileError as error:
        log.info("cannot cache the quantised graph: %s", error)


def _folder() -> Path:
    return cache_folder() / "quantised"
