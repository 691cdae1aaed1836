"""`corrupt`: one image, one corruption, one severity."""

import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.registry import CORRUPTIONS
from robustbench_seg.corruption.streams import STREAMS
from robustbench_seg.errors import CardError, CorruptionError, OptionError, unknown
from robustbench_seg.records.cards.protocol import Protocol, list_protocols, load_protocol, merged

SMALLEST = 32


def corrupt(
    image: NDArray[np.uint8],
    corruption: str,
    severity: int,
    *,
    seed: int = 0,
    image_id: str | None = None,
    stream: str = "fast",
    protocol: str | Path | Protocol | None = None,
) -> NDArray[np.uint8]:
    """Corrupt one image.

    Args:
        image: uint8 H x W x 3 RGB, or H x W gray, at least 32 x 32 pixels. It is not changed.
        corruption: Name of a corruption in the protocol, such as "fog". Without a protocol, of
            any shipped one.
        severity: 1 (mild) to 5.
        seed: Seed of the random numbers, 0 to 2^32 - 1.
        image_id: Id of the image. Images with different ids get different random numbers.
        stream: "fast", or "reference" for the random numbers of the imagecorruptions package.
            Without an image id, the reference stream gives the result of that package after
            np.random.seed(seed).
        protocol: Protocol with the parameters of the severities: a name such as "mpc-15", the path
            of a TOML file, or a Protocol. None: the shipped protocols, which agree on them.

    Returns:
        A new array, uint8 H x W x 3 RGB.

    Raises:
        CorruptionError: An image, name or severity does not fit the above.
        OptionError: The seed or stream does not fit the above.
        CardError: There is no such protocol, or its parameters are not those of the corruption.

    >>> image = np.full((64, 96, 3), 128, np.uint8)
    >>> rs.corrupt(image, "contrast", 1).shape
    (64, 96, 3)
    """
    protocol = _default_protocol() if protocol is None else load_protocol(protocol)
    if protocol is _default_protocol() and corruption not in protocol.names:
        corruptions = [spec.name for spec in protocol.perturbations if not spec.is_attack]
        raise CorruptionError(unknown("corruption", corruption, corruptions))
    spec = protocol.spec(corruption)
    if spec.is_attack:
        raise CorruptionError(
            f"{corruption} is an attack, which needs a network and the true labels; `evaluate` "
            "makes it"
        )
    if not _is_integer(severity) or severity not in spec.severities:
        levels = ", ".join(map(str, spec.severities))
        raise CorruptionError(f"{corruption}: severity {severity!r} is not one of {levels}")
    check_draws(stream, seed)
    rng = STREAMS[stream](image_id, corruption, int(severity), int(seed))
    parameters = spec.parameters[severity - 1]
    function = _function(protocol.name, corruption, frozenset(parameters))
    rgb = _as_rgb(image, corruption)
    return _checked(function(rgb, rng, **parameters), rgb, corruption)


def check_draws(stream: str, seed: int) -> None:
    """OptionError if there is no such stream, or the seed is not an integer of 0 to 2^32 - 1.

    A start that makes many images checks this before the first.
    """
    if not isinstance(stream, str) or stream not in STREAMS:
        raise OptionError(unknown("stream", stream, STREAMS))
    if not _is_integer(seed) or not 0 <= seed < 2**32:
        raise OptionError(f"seed {seed!r} is not an integer of 0 to 2^32 - 1")


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _as_rgb(image: object, corruption: str) -> NDArray[np.uint8]:
    """`image` as a contiguous H x W x 3 array; CorruptionError if it is not an 8-bit image."""
    if problem := _problem(image):
        raise CorruptionError(f"{corruption}: {problem}")
    rgb = np.asarray(image)
    if rgb.ndim == 2:
        return np.repeat(rgb[..., None], 3, axis=2)
    return np.ascontiguousarray(rgb)


def _problem(image: object) -> str | None:
    """Why `image` cannot be corrupted, and what to do; None if it can."""
    wanted = "a NumPy array, uint8, H x W x 3 (RGB) or H x W (gray), is wanted"
    if not isinstance(image, np.ndarray):
        return f"the image is a {type(image).__name__}; {wanted}"
    if image.dtype != np.uint8:
        return f"the image is {_range(image)} and convert it to uint8"
    shape = " x ".join(map(str, image.shape))
    if image.ndim == 4:
        return f"the array is a batch, {shape}; give one image at a time"
    if image.ndim == 3 and image.shape[2] == 1:
        return f"the image is {shape}; give a gray one as H x W: image[..., 0]"
    if image.ndim == 3 and image.shape[2] == 4:
        return f"the image is {shape}; give RGB without the fourth channel: image[..., :3]"
    if image.ndim == 3 and image.shape[2] != 3 and image.shape[0] == 3:
        return f"the image is {shape}; give its channels last: image.transpose(1, 2, 0)"
    if image.ndim != 2 and image.shape[2:] != (3,):
        return f"the image is {shape}; {wanted}"
    if min(image.shape[:2]) < SMALLEST:
        return f"the image is {shape} pixels; give {SMALLEST} x {SMALLEST} or more"
    return None


def _range(image: NDArray[Any]) -> str:
    """The type of an image that is not uint8, and how its values get to 0..255.

    >>> _range(np.zeros((40, 40)))
    'float64 in 0..1: multiply it by 255'
    """
    if image.dtype == bool:
        return "bool: multiply it by 255"
    if (
        np.issubdtype(image.dtype, np.floating)
        and image.size
        and 0 <= image.min() <= image.max() <= 1
    ):
        return f"{image.dtype} in 0..1: multiply it by 255"
    return f"{image.dtype}: scale it to 0..255"


def _checked(result: object, image: NDArray[np.uint8], corruption: str) -> NDArray[np.uint8]:
    """Return the result of a corruption's function; CardError if it is not as Corruption says."""
    if not isinstance(result, np.ndarray) or (result.dtype, result.shape) != (
        image.dtype,
        image.shape,
    ):
        kind = f"{result.dtype} {result.shape}" if isinstance(result, np.ndarray) else type(result)
        wanted = f"{image.dtype} {image.shape}"
        raise CardError(f"{corruption}: its function returns {kind}; {wanted} is wanted, as given")
    if np.may_share_memory(result, image):
        raise CardError(
            f"{corruption}: its function returns the image that it is given, which other "
            "corruptions need as it is; return a new one"
        )
    return result


@cache
def _default_protocol() -> Protocol:
    return merged(map(load_protocol, list_protocols()))


@cache
def _function(
    protocol: str, corruption: str, parameters: frozenset[str]
) -> Callable[..., NDArray[np.uint8]]:
    """The function of a corruption, once its `parameters` are known to be the right ones."""
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
