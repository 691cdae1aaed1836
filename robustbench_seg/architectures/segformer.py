"""SegFormer B0-B5: Mix Transformer encoder and all-MLP decoder, arXiv 2105.15203.

Parameters have the names of the authors' released files, without their unused `conv_seg`. Depths
and ratios follow those files where the paper's table 6 differs from them. The networks of the
paper's ablations (tables 1b to 1d) are parameters of the same implementation.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from robustbench_seg.architectures.initialisation import initialise
from robustbench_seg.architectures.mix_transformer import LayerNormEps, MixTransformer
from robustbench_seg.architectures.mlp_decoder import ConvDecoder, Decoder, MLPDecoder
from robustbench_seg.architectures.network import SegmentationNetwork, Stage
from robustbench_seg.architectures.resnet import ResNet
from robustbench_seg.errors import ModelError, unknown

DEPTHS = {
    "b0": (2, 2, 2, 2),
    "b1": (2, 2, 2, 2),
    "b2": (3, 4, 6, 3),
    "b3": (3, 4, 18, 3),
    "b4": (3, 8, 27, 3),
    "b5": (3, 6, 40, 3),
}

WIDTHS = dict.fromkeys(DEPTHS, (64, 128, 320, 512)) | {"b0": (32, 64, 160, 256)}

LAYER_NORM_EPS = {
    "nvlabs": LayerNormEps(block=1e-6, embed=1e-5),
    "huggingface": LayerNormEps(block=1e-5, embed=1e-5),
    "openmmlab": LayerNormEps(block=1e-6, embed=1e-6),
}
"""The project whose convention is used; weights give their published scores only with the
convention of the project they come from.
"""

DECODERS: Mapping[str, type[Decoder]] = {
    "paper": MLPDecoder,
    "openmmlab": ConvDecoder,
}

DEEP_STEM = {"resnet50": True, "resnet101": True, "resnext101": False}
"""The convolutional encoders of table 1d, and the stem that matches its parameter and operation
counts.
"""

BACKBONES = ("mit", *DEEP_STEM)


class SegFormer(SegmentationNetwork):
    """A Mix Transformer encoder and an all-MLP decoder.

    It maps N x 3 x H x W, normalised RGB, to logits N x num_classes x H/4 x W/4 (rounded up).
    """

    def __init__(
        self,
        num_classes: int,
        *,
        size: str | None = None,
        decoder: str = "paper",
        eps: str | None = None,
        backbone: str = "mit",
        decoder_channels: int | None = None,
        stages: Sequence[int] = (1, 2, 3, 4),
        position_grid: Sequence[int] | None = None,
        drop_path: float = 0.1,
        dropout: float = 0.1,
    ):
        """Build the network.

        Args:
            num_classes: Number of classes.
            size: Size of the Mix Transformer, "b0" to "b5". None: "b0".
            decoder: "paper", or "openmmlab", where BatchNorm and ReLU follow the projections.
            eps: Convention of the LayerNorm epsilons, a key of LAYER_NORM_EPS. None: "openmmlab"
                with OpenMMLab's decoder, else "nvlabs".
            backbone: "mit", or an encoder of table 1d: "resnet50", "resnet101" or "resnext101"
                (64x4d). Only "mit" takes size, eps and position_grid. The others ignore
                drop_path, which a recipe may set for all variants of an ablation.
            decoder_channels: Width C of the decoder (table 1b). None: 256 for b0, b1 and
                OpenMMLab's decoder, else 768.
            stages: The stages whose features the decoder sees (table 1d): (1, 2, 3, 4) or fewer,
                such as (4,).
            position_grid: Height and width of the images at which a position encoding is learned,
                instead of Mix-FFN's convolution (table 1c). None: Mix-FFN.
            drop_path: Rate of stochastic depth in the encoder, in training only.
            dropout: Rate of channel dropout before the classifier, in training only.

        Raises:
            ModelError: A value is unknown, or size, eps or position_grid is given for a backbone
                other than "mit".
        """
        super().__init__()
        if backbone not in BACKBONES:
            raise ModelError(unknown("backbone of segformer", str(backbone), BACKBONES))
        if backbone != "mit" and not (size is None and eps is None and position_grid is None):
            raise ModelError(
                f"{backbone} of segformer: only the backbone mit takes size, eps and "
                "position_grid; leave them out"
            )
        size = "b0" if size is None else size
        if size not in DEPTHS:
            raise ModelError(unknown("size of segformer", str(size), DEPTHS))
        if decoder not in DECODERS:
            raise ModelError(unknown("decoder of segformer", str(decoder), DECODERS))
        if not stages or list(stages) != sorted(set(stages) & {1, 2, 3, 4}):
            raise ModelError(
                f"stages {list(stages)} of segformer: expected some of 1, 2, 3, 4 in ascending "
                "order"
            )
        self.backbone: MixTransformer | ResNet
        if backbone == "mit":
            channels = WIDTHS[size]
            epsilons = _eps(eps or ("openmmlab" if decoder == "openmmlab" else "nvlabs"))
            self.backbone = MixTransformer(
                channels, DEPTHS[size], epsilons, drop_path, position_grid
            )
        else:
            self.backbone = ResNet(backbone, 32, deep_stem=DEEP_STEM[backbone])
            channels = self.backbone.channels
        narrow = decoder == "openmmlab" or (backbone == "mit" and size in ("b0", "b1"))
        width = decoder_channels or (256 if narrow else 768)
        self.decode_head = DECODERS[decoder](channels, stages, width, num_classes, dropout)
        initialise(self, classifier=self.decode_head.linear_pred)

    def use_eps(self, convention: str) -> None:
        """Set the LayerNorm epsilons to those of the project that published the weights.

        Args:
            convention: A key of LAYER_NORM_EPS.

        Raises:
            ModelError: The convention is unknown.
        """
        eps = _eps(convention)
        if isinstance(self.backbone, MixTransformer):
            self.backbone.use_eps(eps)

    def encoder_stages(self) -> Sequence[Stage]:
        """See SegmentationNetwork."""
        return self.backbone.stages()

    def macs_folded(self) -> int:
        """See SegmentationNetwork."""
        return self.decode_head.macs_folded()

    def macs_beyond_forward(self, height: int, width: int) -> int:
        """See SegmentationNetwork."""
        return self.decode_head.macs_beyond_forward(height, width)

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        features = self.backbone(images)
        if isinstance(self.backbone, ResNet):
            features = [x.permute(0, 2, 3, 1) for x in features]
        logits: Tensor = self.decode_head(features)
        return logits


def _eps(convention: str) -> LayerNormEps:
    if convention not in LAYER_NORM_EPS:
        raise ModelError(unknown("LayerNorm eps convention", str(convention), LAYER_NORM_EPS))
    return LAYER_NORM_EPS[convention]
