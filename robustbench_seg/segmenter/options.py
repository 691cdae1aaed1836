"""How a model runs, and the data that it runs on."""

from dataclasses import dataclass, fields, replace

from robustbench_seg.datasets import Dataset
from robustbench_seg.errors import OptionError
from robustbench_seg.records.specs.model_spec import ModelSpec
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.segmenter.inference.windows import WINDOW


@dataclass(frozen=True, kw_only=True)
class SegmenterOptions(ModelSpec):
    """How a model runs, as ModelSpec says, and the data that it runs on.

    Attributes:
        classes: Class names of the dataset. None: unknown.
        calibration: Images that calibrate a network in int8; none of them is scored. None: there
            are none.
    """

    classes: tuple[str, ...] | None = None
    calibration: Dataset | None = None

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

    def refuse_card_options(self, where: str) -> None:
        """Refuse options for a model that is not a network of a card.

        Args:
            where: The model's name in errors.

        Raises:
            OptionError: The options set weights or a backend.
        """
        if self.weights is not None:
            raise OptionError(f"{where}: it has its own weights; give weights only with a card")
        if self.backend not in ("auto", "torch"):
            raise OptionError(
                f"{where}: the backend {self.backend} runs only networks of cards; leave out "
                "backend"
            )

    def refuse_input_size(self, where: str) -> None:
        """Refuse an input size for a model that does not support one.

        Args:
            where: The model's name in errors.

        Raises:
            OptionError: The options set an input size.
        """
        if self.input_size is not None:
            raise OptionError(
                f"{where}: an input size is only for hf: models; leave out {self.input_size}"
            )

    def refuse_network_options(self, where: str) -> None:
        """Refuse options that need a model with its own network.

        Args:
            where: The model's name in errors.

        Raises:
            OptionError: The options set an inference mode, a device, a precision, augmentation or
                adaptation.
        """
        if self.inference or self.device != "cpu" or self.precision != "float32":
            raise OptionError(
                f"{where}: such a model decides how it runs; leave out inference, device and "
                "precision"
            )
        if self.adapt or self.augment:
            raise OptionError(
                f"{where}: such a model has no network that robustseg can adapt or run on "
                "variants of an image; leave out adapt and augment"
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
