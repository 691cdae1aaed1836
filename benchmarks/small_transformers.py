"""Small random models of transformers with 19 classes, for adapters.py."""

import json
from pathlib import Path
from typing import Any

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SWIN = {
    "embed_dim": 32,
    "depths": [2, 2, 2, 2],
    "num_heads": [1, 2, 4, 8],
    "window_size": 7,
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}
VIT = {"hidden_size": 96, "num_hidden_layers": 6, "num_attention_heads": 3}


def segformer(depth: int = 1) -> Any:
    """SegFormer with the widths of B0."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    return SegformerForSemanticSegmentation(SegformerConfig(depths=[depth] * 4, **names()))


def segformer_b0() -> Any:
    return segformer(2)


def upernet() -> Any:
    from transformers import SwinConfig, UperNetConfig, UperNetForSemanticSegmentation

    config = UperNetConfig(backbone_config=SwinConfig(**SWIN), hidden_size=64, **names())
    config.auxiliary_in_channels = 128
    return UperNetForSemanticSegmentation(config)


def dpt() -> Any:
    from transformers import DPTConfig, DPTForSemanticSegmentation

    config = DPTConfig(
        image_size=384,
        intermediate_size=384,
        backbone_out_indices=[1, 2, 4, 5],
        neck_hidden_sizes=[24, 48, 96, 96],
        fusion_hidden_size=48,
        is_hybrid=False,
        **VIT,
        **names(),
    )
    return DPTForSemanticSegmentation(config)


def mask2former() -> Any:
    from transformers import Mask2FormerConfig, Mask2FormerForUniversalSegmentation, SwinConfig

    config = Mask2FormerConfig(
        backbone_config=SwinConfig(**SWIN),
        feature_size=64,
        mask_feature_size=64,
        hidden_dim=64,
        encoder_feedforward_dim=128,
        encoder_layers=2,
        decoder_layers=4,
        num_attention_heads=4,
        dim_feedforward=128,
        num_queries=100,
        **names(),
    )
    return Mask2FormerForUniversalSegmentation(config)


def eomt() -> Any:
    from transformers import EomtConfig, EomtForUniversalSegmentation

    config = EomtConfig(
        image_size=512, patch_size=16, num_blocks=2, num_queries=100, **VIT, **names()
    )
    return EomtForUniversalSegmentation(config)


def names() -> dict[str, Any]:
    from robustbench_seg.datasets import class_names

    own = class_names("cityscapes")
    return {"id2label": dict(enumerate(own)), "label2id": {name: i for i, name in enumerate(own)}}


TRANSFORMERS = {
    "segformer_b0": (segformer_b0, "SegformerImageProcessor", {"height": 512, "width": 1024}, {}),
    "segformer": (segformer, "SegformerImageProcessor", {"height": 512, "width": 1024}, {}),
    "upernet": (upernet, "SegformerImageProcessor", {"height": 512, "width": 512}, {}),
    "dpt": (dpt, "DPTImageProcessor", {"height": 384, "width": 384}, {"resample": 3}),
    "mask2former": (mask2former, "Mask2FormerImageProcessor", {"height": 384, "width": 384}, {}),
    "eomt": (
        eomt,
        "EomtImageProcessor",
        {"shortest_edge": 512, "longest_edge": None},
        {"do_split_image": True},
    ),
}
"""Each model with its image processor, and the size and the other settings of the processor."""


def save(kind: str, folder: Path) -> Any:
    """Save a model of TRANSFORMERS with its image processor, and return it."""
    import torch

    build, processor, size, more = TRANSFORMERS[kind]
    torch.manual_seed(0)
    model = build().eval()
    model.save_pretrained(folder)
    content = {"image_processor_type": processor, "image_mean": MEAN, "image_std": STD}
    (folder / "preprocessor_config.json").write_text(json.dumps({**content, "size": size, **more}))
    return model
