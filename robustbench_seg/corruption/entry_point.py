"""`corrupt`: one image, one corruption, one severity."""

import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.image_check import checked_rgb
from robustbench_seg.corruption.registry import CORRUPTIONS
from robustbench_seg.corruption.streams import STREAMS
from robustbench_seg.corruption.threads import several_threads
from robustbench_seg.errors import CardError, CorruptionError, OptionError, unknown
from robustbench_seg.records.cards.protocol import Protocol, list_protocols, load_protocol, merged
from robustbench_seg.records.values.choices import Stream
from robustbench_seg.records.values.ranges import CORRUPTION_SEED, THREADS


def corrupt(
    image: NDArray[np.uint8],
    corruption: str,
    severity: int,
    *,
    seed: int = 0,
    image_id: str | None = None,
    stream: Stream = "fast",
    protocol: str | Path | Protocol | None = None,
    threads: int = 1,
) -> NDArray[np.uint8]:
    """Corrupt one image.

    Args:
        image: uint8 H x W x 3 RGB, or H x W gray, at least 32 x 32 pixels. It is not changed.
        corruption: Name of a corruption in the protocol, such as "fog". Without a protocol, in any
            included protocol.
        severity: 1 (mild) to 5.
        seed: Seed of the random numbers, 0 to 2^32 - 1.
        image_id: Id of the image. Images with different ids get different random numbers.
        stream: "fast", or "reference" for the random numbers of the imagecorruptions package.
            Without an image id, the reference stream gives the result of that package after
            np.random.seed(seed).
        protocol: Protocol with the parameters of the severities: a name such as "mpc-15", the path
            of a TOML file, or a Protocol. None: the included protocols, which have the same
            parameters.
        threads: CPU threads for the loops over the image, 1 to 1024. They do not change the result.
            docs/corruptions.md lists the corruptions that become faster.

    Returns:
        A new array, uint8 H x W x 3 RGB.

    Raises:
        CorruptionError: The image, name or severity is not as described above.
        OptionError: The seed, stream or threads are not as described above.
        CardError: There is no such protocol, or its parameters are not those of the corruption.

    >>> image = np.full((64, 96, 3), 128, np.uint8)
    >>> rs.corrupt(image, "contrast", 1).shape
    (64, 96, 3)
    """
    protocol = _default_protocol() if protocol is None else load_protocol(protocol)
    if protocol is _default_protocol() and corruption not in protocol.names:
        names = [each.name for each in protocol.corruptions]
        raise CorruptionError(unknown("corruption", corruption, names))
    perturbation = protocol.perturbation(corruption)
    if perturbation.is_attack:
        raise CorruptionError(
            f"{corruption} is an attack, which needs a network and the true labels; use `evaluate`"
        )
    if not _is_integer(severity) or severity not in perturbation.severities:
        known = ", ".join(map(str, perturbation.severities))
        raise CorruptionError(f"{corruption}: severity {severity!r} is not one of {known}")
    check_stream(stream, seed)
    if not _is_integer(threads) or not THREADS.has(threads):
        raise OptionError(f"threads {threads!r} is not an integer of {THREADS}")
    rng = STREAMS[stream](image_id, corruption, int(severity), int(seed))
    parameters = perturbation.parameters[severity - 1]
    function = _function(protocol.name, corruption, frozenset(parameters))
    rgb = checked_rgb(image, corruption)
    with several_threads(int(threads)):
        return _checked(function(rgb, rng, **parameters), rgb, corruption)


def check_corruptions(protocol: Protocol) -> None:
    """Check that the corruptions of a protocol exist and have their parameters.

    Callers that corrupt many images check this before the first one.

    Args:
        protocol: The protocol. Its attacks are not checked.

    Raises:
        CardError: A corruption does not exist, or its parameters are not those of its function.
    """
    for each in protocol.corruptions:
        for parameters in each.parameters:
            _function(protocol.name, each.name, frozenset(parameters))


def check_stream(stream: str, seed: int) -> None:
    """Raise OptionError if there is no such stream, or the seed is outside CORRUPTION_SEED.

    Callers that corrupt many images check this before the first one.
    """
    if not isinstance(stream, str) or stream not in STREAMS:
        raise OptionError(unknown("stream", stream, STREAMS))
    if not _is_integer(seed) or not CORRUPTION_SEED.has(seed):
        raise OptionError(f"seed {seed!r} is not an integer of {CORRUPTION_SEED}")


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _checked(result: object, image: NDArray[np.uint8], corruption: str) -> NDArray[np.uint8]:
    """Return the result of a corruption's function; CardError if it does not fit Corruption."""
    if not isinstance(result, np.ndarray) or (result.dtype, result.shape) != (
        image.dtype,
        image.shape,
    ):
        kind = f"{result.dtype} {result.shape}" if isinstance(result, np.ndarray) else type(result)
        wanted = f"{image.dtype} {image.shape}"
        raise CardError(
            f"{corruption}: its function returns {kind}; expected {wanted}, as in its input"
        )
    if np.may_share_memory(result, image):
        raise CardError(
            f"{corruption}: its function returns its input image, which other corruptions share; "
            "return a new image"
        )
    return result


@cache
def _default_protocol() -> Protocol:
    return merged(map(load_protocol, list_protocols()))


@cache
def _function(
    protocol: str, corruption: str, parameters: frozenset[str]
) -> Callable[..., NDArray[np.uint8]]:
    """Return the function of a corruption, after checking its `parameters`."""
    if corruption not in CORRUPTIONS:
        raise CardError(f"protocol {protocol}: {unknown('corruption', corruption, CORRUPTIONS)}")
    function = CORRUPTIONS[corruption].function
    accepted = [
        p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY
    ]
    names = [parameter.name for parameter in accepted]
    where = f"protocol {protocol}: corruption '{corruption}'"
    for name in sorted(parameters.difference(names)):
        raise CardError(f"{where}: {unknown('parameter', name, names)}")
    for parameter in accepted:
        if parameter.default is parameter.empty and parameter.name not in parameters:
            raise CardError(f"{where}: the parameter '{parameter.name}' is missing")
    return function
