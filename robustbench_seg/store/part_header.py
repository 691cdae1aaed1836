"""The metadata of a part: its measures with their law versions, digests, and its run."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from robustbench_seg.files import digest_json, open_regular
from robustbench_seg.measures import CONFUSION, Measure
from robustbench_seg.store.columns import damage_error

_LAWS = b"robustseg measures"
_DIGESTS = b"robustseg digests"
_RUN = b"robustseg run"

_NAME = re.compile(r"\d{5}-[0-9a-f]{16}")
"""Pattern of the names of parts with digests; names of format 1 are shorter."""


@dataclass(frozen=True)
class PartHeader:
    """A part's metadata.

    Attributes:
        laws: Law version of each measure in the part.
        digests: sha256 of each of its columns; None in format 1.
        run: Digest of the run's key; None in parts that predate it.
    """

    laws: Mapping[str, int]
    digests: Mapping[str, str] | None
    run: str | None = None

    @property
    def digest(self) -> str:
        """The digest at the end of the part's name."""
        contents = [self.laws, self.digests, *([] if self.run is None else [self.run])]
        return digest_json(contents)[:16]

    def metadata(self) -> Mapping[bytes, bytes]:
        """Return the Parquet metadata to write, which `read_header` reads."""
        return {
            _LAWS: json.dumps(self.laws).encode(),
            _DIGESTS: json.dumps(self.digests).encode(),
            _RUN: (self.run or "").encode(),
        }

    def check(self, path: Path, column: str, found: str) -> None:
        """Compare the digest of a column of the part at `path` with that of the header.

        Raises:
            ResultsError: They differ.
        """
        if self.digests is not None and self.digests.get(column) != found:
            raise damage_error(path, f"the digest of its {column} does not match")

    def counted(self, measures: Sequence[Measure]) -> list[Measure]:
        """Return the measures that the part contains with their current law version."""
        return [measure for measure in measures if self.laws.get(measure.name) == measure.law]


def read_header(path: Path) -> PartHeader:
    """Read the metadata of a part.

    Args:
        path: The part.

    Raises:
        ResultsError: They do not match the digest in the part's name.
        UNREADABLE: The file is damaged.
    """
    with open_regular(path) as file:
        metadata = pq.read_schema(file).metadata or {}
    laws = json.loads(metadata[_LAWS]) if _LAWS in metadata else None
    digests = json.loads(metadata[_DIGESTS]) if _DIGESTS in metadata else None
    run = metadata[_RUN].decode() if _RUN in metadata else None
    if not _NAME.fullmatch(path.stem):
        return PartHeader(laws or {CONFUSION.name: CONFUSION.law}, digests, run)
    if laws is None or digests is None or PartHeader(laws, digests, run).digest not in path.stem:
        raise damage_error(path, "its contents do not match the digest in its name")
    return PartHeader(laws, digests, run)
