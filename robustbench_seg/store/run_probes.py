"""The probes of a run folder: the results of each start of the run on the built-in image.

probes/<number>-<digest>.json   libraries, hardware, sha256 of the corrupted image for each
condition, the labels of the clean one
"""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.codec import from_table, to_table
from robustbench_seg.errors import CardError, ResultsError
from robustbench_seg.files import digest_json, read_json, write_json
from robustbench_seg.records.values.ranges import Share


@dataclass(frozen=True)
class Probe:
    """The results of one start of a run.

    Attributes:
        libraries: Versions, by name.
        hardware: Name of the device of the network.
        images: Maps the folder of a condition, such as "fog/3", to the sha256 of the corrupted
            image.
        labels: The network's labels of the clean one, uint8, compressed, in base64; None for a
            user's segmenter, which states a version or facts instead.
        differing: Share of labels that differ from those of the first start.
    """

    libraries: Mapping[str, str]
    hardware: str
    images: Mapping[str, str]
    labels: str | None = None
    differing: Share | None = None


def read_probes(folder: Path) -> list[Probe]:
    """Read the probes of a run folder.

    Returns:
        The probes, beginning with that of the run's first start.

    Raises:
        ResultsError: A probe cannot be read.
    """
    files = [p for p in (folder / "probes").glob("*.json") if not p.name.startswith(".")]
    probes = []
    for path in sorted(files):
        try:
            probes.append(from_table(Probe, read_json(path), str(path)))
        except (OSError, ValueError, CardError) as error:
            raise ResultsError(f"{path} cannot be read ({error}); remove this file") from error
    return probes


def write_probe(folder: Path, probe: Probe) -> None:
    """Write the probe of another start into a run folder.

    Raises:
        FileError: It cannot be written.
    """
    table = to_table(probe)
    digest = digest_json(table)[:8]
    number = len(list((folder / "probes").glob("*.json")))
    write_json(folder / "probes" / f"{number:03d}-{digest}.json", table)


def encode_labels(labels: NDArray[np.uint8]) -> str:
    """Write labels as the text of a probe."""
    return base64.b64encode(zlib.compress(labels.tobytes())).decode()


def decode_labels(folder: Path, text: str, size: int) -> NDArray[np.uint8]:
    """Read labels from the text of a probe.

    Args:
        folder: The run folder, for the error.
        text: The text.
        size: The expected number of labels; at most one more is read.

    Returns:
        uint8, one axis; the length differs if the probe has another number of labels.

    Raises:
        ResultsError: The text is damaged.
    """
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(base64.b64decode(text), size + 1)
        if len(data) <= size and not stream.eof:
            raise ValueError("they are truncated")
    except (ValueError, zlib.error) as error:
        raise ResultsError(
            f"{folder / 'probes'}: the labels of an earlier run cannot be read ({error}); remove "
            "this folder of probes"
        ) from error
    return np.frombuffer(data, np.uint8)


def probed_hardware(folder: Path) -> list[str]:
    """Return the distinct hardware of a run's starts, beginning with the first start.

    Raises:
        ResultsError: A probe cannot be read.
    """
    return list(dict.fromkeys(probe.hardware for probe in read_probes(folder)))
