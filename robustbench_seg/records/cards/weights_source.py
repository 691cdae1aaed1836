"""Where the weights of a model card come from."""

import re
from dataclasses import dataclass
from typing import Literal

from robustbench_seg.errors import CardError


@dataclass(frozen=True)
class WeightsSource:
    """Where the weights come from.

    Attributes:
        source: "file" (next to the card), "huggingface" (a hub id), "url", "manual" (a URL that
            only a browser can fetch), or "none": no weights are published, the card is for
            training.
        location: Path relative to the card's folder, hub id, or URL.
        format: The project whose parameter names the file has, for readers; the program examines
            the file itself.
        licence: Licence of the weights.
        revision: Commit, tag or branch of a hub id.
        sha256: Digest of the file or its first digits. A file with another digest is refused.
        otherwise: A second source of the same weights, used if the hub does not have this one.
            None: there is no other source.

    Raises:
        CardError: The location is given with "none" or missing without it, the digits of sha256
            are not hexadecimal, or a source that is not the hub has a second source.
    """

    source: Literal["file", "huggingface", "url", "manual", "none"]
    location: str = ""
    format: Literal["robustseg", "nvlabs", "huggingface", "smp", "openmmlab", "vainf", "tf"] = (
        "robustseg"
    )
    licence: str | None = None
    revision: str | None = None
    sha256: str | None = None
    otherwise: "WeightsSource | None" = None

    def __post_init__(self) -> None:
        if (self.source == "none") == bool(self.location):
            wanted = "must be absent" if self.location else "is missing"
            raise CardError(f"with source '{self.source}', the key location {wanted}")
        if not re.fullmatch(r"[0-9a-f]{0,64}", self.sha256 or ""):
            raise CardError("sha256: expected up to 64 hexadecimal digits")
        if self.otherwise and self.source != "huggingface":
            raise CardError(
                "otherwise: only weights on the Hugging Face hub can have a second source; leave "
                "it out"
            )
