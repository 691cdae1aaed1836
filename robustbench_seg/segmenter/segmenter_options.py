"""How a model runs, and the data that it runs on."""

from dataclasses import dataclass, fields, replace

from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import OptionError
from robustbench_seg.records.specs.model_spec import ModelSpec
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.segmenter.inference.windows import WINDOW

NETWORK_OPTIONS = (
    *("name", "inference", "augment", "adapt", "adapt_images", "adapt_prior"),
    *("device", "precision", "batch"),
)
"""The options that `assemble` implements for every network of torch."""

_DATA = ("classes", "calibration")


@dataclass(frozen=True, kw_only=True)
class SegmenterOptions(ModelSpec):
    """How a model runs, as ModelSpec says, and the data that it runs on.

    Attributes:
        classes: Class names of the dataset. None: unknown.
        calibration: Images that calibrate a network in int8; none of them is scored. None: there
            are none.

    Raises:
        OptionError: As for ModelSpec, or there are calibration images for another precision.
    """

    classes: tuple[str, ...] | None = None
    calibration: Dataset | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.calibration is not None and self.precision != "int8":
            raise OptionError(
                f"calibration is for precision int8, not {self.precision}; leave it out"
            )

    @classmethod
    def of(
        cls,
        spec: ModelSpec,
        *,
        classes: tuple[str, ...] | None = None,
        calibration: Dataset | None = None,
    ) -> "SegmenterOptions":
        """Add data to a specification.

        Args:
            spec: How the model runs. Other fields of a subclass are left out.
            classes: Class names of the dataset. None: unknown.
            calibration: Images that calibrate a network in int8.
        """
        own = {each.name: getattr(spec, each.name) for each in fields(ModelSpec)}
        return cls(**own, classes=classes, calibration=calibration)

    def given_beyond(self, *accepted: str) -> list[str]:
        """List the options with another value than their default, except some.

        The default backend and "auto" both leave the choice to the model. The data (classes and
        calibration images) are no options.

        Args:
            *accepted: Names of options that are not listed.
        """
        defaults = {each.name: each.default for each in fields(self) if each.name not in _DATA}
        if self.backend == "auto":
            defaults["backend"] = "auto"
        return [
            name
            for name, default in defaults.items()
            if name not in accepted and getattr(self, name) != default
        ]

    def accept_only(self, where: str, *accepted: str) -> None:
        """Refuse every option that a model does not support.

        Args:
            where: The model's name in errors.
            *accepted: Names of the options that it supports.

        Raises:
            OptionError: Another option is set.
        """
        if others := self.given_beyond(*accepted):
            raise OptionError(
                f"{where}: accepts only the options {', '.join(accepted)}; leave out "
                f"{', '.join(others)}"
            )

    def inference_of(self, own: Inference) -> Inference:
        """Choose the inference mode of a model.

        Args:
            own: The model's own mode.

        Returns:
            The mode. If "slide" is not the default of the model, it has SegFormer's window.
        """
        if self.inference is None or self.inference == own.mode:
            return own
        if self.inference == "slide":
            crop, stride = WINDOW
            return replace(own, mode="slide", crop=crop, stride=stride)
        return Inference("whole")
