"""The Mix Transformer (MiT) encoder of SegFormer, arXiv 2105.15203, section 3.1.

Features are N x H x W x C tensors: linear layers and normalisation act on the last axis, and
convolutions get a permuted view in the channels_last layout, so no tensor is copied to change its
layout.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_seg.architectures.network import Stage


def _added(branch: Tensor, x: Tensor) -> Tensor:
    """Add in place to `branch` if it is precise enough, because nothing else uses it."""
    return branch.add_(x) if branch.dtype == x.dtype else x + branch


@dataclass(frozen=True)
class LayerNormEps:
    """The epsilons of the encoder's LayerNorms, which differ between published implementations.

    Attributes:
        block: Epsilon before attention and Mix-FFN, and after each stage.
        embed: Epsilon after each patch embedding and each sequence reduction.
    """

    block: float
    embed: float


class MixTransformer(nn.Module):
    """Four stages of overlapped patch embedding and transformer blocks.

    It maps N x 3 x H x W to four tensors N x H/s x W/s x C, s = 4, 8, 16, 32 (sizes rounded up).
    """

    heads = (1, 2, 5, 8)
    reductions = (8, 4, 2, 1)
    mlp_ratio = 4

    def __init__(
        self,
        channels: Sequence[int],
        depths: Sequence[int],
        eps: LayerNormEps,
        drop_path: float,
        position_grid: Sequence[int] | None = None,
    ):
        """Build the encoder.

        Args:
            channels: Number of channels of each stage.
            depths: Number of blocks of each stage.
            eps: Epsilons of the LayerNorms.
            drop_path: Rate of stochastic depth of the last block. It grows linearly from 0.
            position_grid: Height and width of the images at which each stage learns a position
                encoding. The encoding is added after the patch embedding, and resized bilinearly
                for images of another size. Mix-FFN then has no convolution. This is the ablation of
                table 1c; the text does not state where the encoding is added. Every stage has its
                own encoding, as in PVT (arXiv 2102.12122, section 3.2). None: no encoding.
        """
        super().__init__()
        # Stochastic depth grows linearly from the first block to the last.
        rates = iter(torch.linspace(0, drop_path, sum(depths), device="cpu").tolist())
        previous = 3
        for i, (width, depth) in enumerate(zip(channels, depths, strict=True)):
            kernel, stride = (7, 4) if i == 0 else (3, 2)
            embed = PatchEmbed(previous, width, kernel, stride)
            blocks = nn.ModuleList(
                Block(
                    width,
                    self.heads[i],
                    self.reductions[i],
                    self.mlp_ratio,
                    next(rates),
                    convolution=position_grid is None,
                )
                for _ in range(depth)
            )
            setattr(self, f"patch_embed{i + 1}", embed)
            setattr(self, f"block{i + 1}", blocks)
            setattr(self, f"norm{i + 1}", nn.LayerNorm(width))
            if position_grid is not None:
                h, w = (-(-side // 2 ** (i + 2)) for side in position_grid)
                encoding = nn.Parameter(torch.empty(1, h, w, width))
                setattr(self, f"pos_embed{i + 1}", nn.init.trunc_normal_(encoding, std=0.02))
            previous = width
        self.learned_position = position_grid is not None
        self.use_eps(eps)

    def use_eps(self, eps: LayerNormEps) -> None:
        """Set the epsilons of all LayerNorms. The parameters do not change.

        Args:
            eps: The epsilons.
        """
        for name, module in self.named_modules():
            if isinstance(module, nn.LayerNorm):
                # In patch embeddings and sequence reductions, the name is "norm" without a number.
                module.eps = eps.embed if name.endswith(".norm") else eps.block

    def stages(self) -> Sequence[Stage]:
        """The ends of its four stages, see SegmentationNetwork."""
        norms = (self.get_submodule(f"norm{i}") for i in (1, 2, 3, 4))
        return [(norm, lambda x: x.permute(0, 3, 1, 2)) for norm in norms]

    def forward(self, images: Tensor) -> list[Tensor]:
        """See the class."""
        x = images.permute(0, 2, 3, 1)
        features = []
        for i in range(1, 5):
            x = getattr(self, f"patch_embed{i}")(x)
            if self.learned_position:
                x = x + _resized(getattr(self, f"pos_embed{i}"), x)
            for block in getattr(self, f"block{i}"):
                x = block(x)
            x = getattr(self, f"norm{i}")(x)
            features.append(x)
        return features


class PatchEmbed(nn.Module):
    """Overlapped patch embedding: a strided convolution, then LayerNorm."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int):
        super().__init__()
        self.proj = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """N x H x W x inputs -> N x H/stride x W/stride x outputs."""
        y: Tensor = self.norm(_convolve(self.proj, x))
        return y


class Block(nn.Module):
    """Efficient self-attention and Mix-FFN, each after a LayerNorm and with a shortcut."""

    def __init__(
        self,
        channels: int,
        heads: int,
        reduction: int,
        mlp_ratio: int,
        drop_path: float,
        *,
        convolution: bool,
    ):
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn = Attention(channels, heads, reduction)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = MixFFN(channels, channels * mlp_ratio, convolution)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """N x H x W x C -> the same."""
        x = _added(self.drop_path(self.attn(self.norm1(x))), x)
        return _added(self.drop_path(self.mlp(self.norm2(x))), x)


class Attention(nn.Module):
    """Self-attention whose keys and values come from a map `reduction` times smaller (eq. 2)."""

    def __init__(self, channels: int, heads: int, reduction: int):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(channels, channels)
        self.kv = nn.Linear(channels, 2 * channels)
        self.proj = nn.Linear(channels, channels)
        self.reduced = reduction > 1
        if self.reduced:
            # No padding: pixels at the border that do not fill a window are ignored.
            self.sr = nn.Conv2d(channels, channels, reduction, stride=reduction)
            self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """N x H x W x C -> the same."""
        context = self.norm(_convolve(self.sr, x)) if self.reduced else x
        key, value = self.kv(context).chunk(2, dim=-1)
        query, key, value = (self._split(y) for y in (self.q(x), key, value))
        attended = F.scaled_dot_product_attention(query, key, value)
        y: Tensor = self.proj(attended.transpose(1, 2).reshape(x.shape))
        return y

    def _split(self, x: Tensor) -> Tensor:
        """N x H x W x C -> N x heads x HW x C/heads."""
        n, h, w, c = x.shape
        return x.reshape(n, h * w, self.heads, c // self.heads).transpose(1, 2)


class MixFFN(nn.Module):
    """Feed-forward network with a depthwise 3x3 convolution between its layers, which replaces
    position encoding (eq. 3). Without the convolution it is the usual one of a transformer.
    """

    def __init__(self, channels: int, hidden: int, convolution: bool):
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.dwconv = DepthwiseConv(hidden) if convolution else nn.Identity()
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """N x H x W x C -> the same."""
        y: Tensor = self.fc2(F.gelu(self.dwconv(self.fc1(x))))
        return y


class DepthwiseConv(nn.Module):
    """A depthwise 3x3 convolution of an N x H x W x C tensor."""

    def __init__(self, channels: int):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        """N x H x W x C -> the same."""
        return _convolve(self.dwconv, x)


class DropPath(nn.Module):
    """Stochastic depth (arXiv 1603.09382): a training sample skips the branch with probability
    `rate`.
    """

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Zero some samples of a batch and scale the others, so that the mean is unchanged."""
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        return x * x.new_empty(len(x), 1, 1, 1).bernoulli_(keep).div_(keep)


def _resized(encoding: Tensor, x: Tensor) -> Tensor:
    """Resize a position encoding 1 x h x w x C to the size of x, N x H x W x C."""
    # A traced network must also work for other sizes.
    if encoding.shape[1:3] == x.shape[1:3] and not torch.jit.is_tracing():  # type: ignore[attr-defined,no-untyped-call]
        return encoding
    channels_first = encoding.permute(0, 3, 1, 2)
    size = x.shape[1:3]
    resized = F.interpolate(channels_first, size, mode="bilinear", align_corners=False)
    return resized.permute(0, 2, 3, 1)


def _convolve(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolve an N x H x W x C tensor through a view that torch treats as channels_last."""
    y: Tensor = conv(x.permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1)
