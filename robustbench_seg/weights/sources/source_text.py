"""Parses the text of a source of weights: a file, a hub id or a URL, with an optional digest."""

import re
from pathlib import Path

from robustbench_seg.errors import WeightsError
from robustbench_seg.records.cards.weights_source import WeightsSource
from robustbench_seg.weights.sources.urls import is_url, split_url


def parse_source(text: str) -> WeightsSource:
    """Parse a user's source of weights.

    Args:
        text: A file or folder, hf:<hub id>[@revision], or a URL. A URL may end in #sha256= and
            the file's sha256, or its first eight digits or more. The file is then verified.

    Returns:
        The source.

    Raises:
        WeightsError: The digits are not such a digest, or the text begins like a URL (http:, or any
            scheme and ://) that cannot be downloaded.

    >>> parse_source("hf:nvidia/mit-b0@main").revision
    'main'
    >>> parse_source("https://example.org/a.pth#sha256=6fe0e9c3").sha256
    '6fe0e9c3'
    """
    if text.startswith("hf:"):
        repository, _, revision = text.removeprefix("hf:").partition("@")
        if not repository:
            raise WeightsError(f"{text}: not an id of the Hugging Face hub; write hf:<hub id>")
        return WeightsSource("huggingface", repository, revision=revision or None)
    if is_url(text):
        url, separator, digits = text.partition("#sha256=")
        if separator and not re.fullmatch(r"[0-9a-fA-F]{8,64}", digits):
            raise WeightsError(f"{text}: write 8 to 64 hexadecimal digits after #sha256=")
        return WeightsSource("url", url, sha256=digits.lower() or None)
    return WeightsSource("file", str(Path(text).absolute()))


def named_digest(url: str) -> str:
    """Find the first digits of a sha256 at the end of a file name, as in torch.hub.

    Args:
        url: URL of the file.

    Returns:
        The digits, or "" if the name has none.

    >>> named_digest("https://example.org/b0_20211208-e7f88502.pth")
    'e7f88502'
    >>> named_digest("https://example.org/b0-20240115.pth")  # a date
    ''
    """
    match = re.search(r"-(?!(?:19|20)\d{6}\.)([0-9a-f]{8,64})\.\w+$", split_url(url).path)
    return match[1] if match else ""
