"""The options that a quantised network (precision int8) supports."""

from robustbench_seg.errors import OptionError


def check_int8(precision: str, backend: str, device: str, adapt: str | None) -> None:
    """Refuse options that a quantised network does not support.

    Args:
        precision: Number format of the forward pass. Only int8 is checked.
        backend: The library that runs the network.
        device: Torch device.
        adapt: How the network is adapted; None: not at all.

    Raises:
        OptionError: An option is not possible with int8.
    """
    if precision != "int8":
        return
    if adapt is not None:
        raise OptionError("a network in int8 cannot be adapted; leave out adapt or precision int8")
    if backend not in ("onnxruntime", "openvino"):
        raise OptionError(
            f"precision int8 needs the backend onnxruntime or openvino, not {backend}; give one"
        )
    if device != "cpu":
        raise OptionError(f"precision int8 is for the CPU, not '{device}'; leave out one of them")
