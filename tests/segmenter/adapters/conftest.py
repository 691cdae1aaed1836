"""Small random models of transformers, one of each kind, as that library saves them."""

import json

import pytest
import torch

NAMES = {0: "sky", 1: "road", 2: "car", 3: "person"}
CLASSES = {"id2label": NAMES, "label2id": {name: index for index, name in NAMES.items()}}
SMALL = {
    "encoder_layers": 1,
    "decoder_layers": 1,
    "num_queries": 12,
}
SWIN = {
    "embed_dim": 8,
    "depths": [1, 1, 1, 1],
    "num_heads": [1, 1, 2, 2],
    "window_size": 4,
    "image_size": 64,
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}
VIT = {
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 64,
    "patch_size": 16,
}
DETR = {
    **SMALL,
    "d_model": 32,
    "encoder_attention_heads": 8,
    "decoder_attention_heads": 8,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
}
QUERIES = {
    "num_hidden_layers": 3,
    "num_blocks": 1,
    "num_queries": 12,
    "num_upscale_blocks": 1,
}


def maskformer():
    from transformers import (
        DetrConfig,
        MaskFormerConfig,
        MaskFormerForInstanceSegmentation,
        MaskFormerSwinConfig,
    )

    config = MaskFormerConfig(
        backbone_config=MaskFormerSwinConfig(**SWIN),
        decoder_config=DetrConfig(**DETR),
        fpn_feature_size=32,
        mask_feature_size=32,
        **CLASSES,
    )
    return MaskFormerForInstanceSegmentation(config)


def mask2former():
    from transformers import Mask2FormerConfig, Mask2FormerForUniversalSegmentation, SwinConfig

    config = Mask2FormerConfig(
        backbone_config=SwinConfig(**SWIN),
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=32,
        num_attention_heads=2,
        dim_feedforward=32,
        **{**SMALL, "decoder_layers": 2},
        **CLASSES,
    )
    return Mask2FormerForUniversalSegmentation(config)


def oneformer():
    from transformers import OneFormerConfig, OneFormerForUniversalSegmentation, SwinConfig

    config = OneFormerConfig(
        backbone_config=SwinConfig(**SWIN),
        hidden_dim=32,
        mask_dim=32,
        conv_dim=32,
        encoder_feedforward_dim=32,
        num_attention_heads=2,
        dim_feedforward=32,
        query_enc_layers=1,
        query_dec_layers=1,
        text_encoder_width=32,
        text_encoder_vocab_size=50,
        text_encoder_num_layers=1,
        task_seq_len=9,
        **{**SMALL, "decoder_layers": 2},
        **CLASSES,
    )
    return OneFormerForUniversalSegmentation(config)


def eomt():
    from transformers import EomtConfig, EomtForUniversalSegmentation

    vit = {name: value for name, value in VIT.items() if name != "intermediate_size"}
    return EomtForUniversalSegmentation(EomtConfig(**{**vit, **QUERIES}, **CLASSES))


def eomt_dinov3():
    from transformers import EomtDinov3Config, EomtDinov3ForUniversalSegmentation

    config = EomtDinov3Config(**{**VIT, **QUERIES}, **CLASSES)
    return EomtDinov3ForUniversalSegmentation(config)


def detr():
    from transformers import DetrConfig, DetrForSegmentation, ResNetConfig

    backbone = ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16, 24, 32],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    return DetrForSegmentation(
        DetrConfig(use_timm_backbone=False, backbone_config=backbone, **DETR, **CLASSES)
    )


def segformer():
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    config = SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 24, 32],
        num_attention_heads=[1, 1, 1, 2],
        decoder_hidden_size=16,
        **CLASSES,
    )
    return SegformerForSemanticSegmentation(config)


def upernet():
    from transformers import SwinConfig, UperNetConfig, UperNetForSemanticSegmentation

    config = UperNetConfig(backbone_config=SwinConfig(**SWIN), hidden_size=16, **CLASSES)
    config.auxiliary_in_channels = 32
    return UperNetForSemanticSegmentation(config)


def dpt():
    from transformers import DPTConfig, DPTForSemanticSegmentation

    config = DPTConfig(
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        is_hybrid=False,
        **VIT,
        **CLASSES,
    )
    return DPTForSemanticSegmentation(config)


def _beit(config, network):
    return network(config(out_indices=[1, 2, 3, 4], use_mask_token=False, **VIT, **CLASSES))


def beit():
    from transformers import BeitConfig, BeitForSemanticSegmentation

    return _beit(BeitConfig, BeitForSemanticSegmentation)


def data2vec():
    from transformers import Data2VecVisionConfig, Data2VecVisionForSemanticSegmentation

    return _beit(Data2VecVisionConfig, Data2VecVisionForSemanticSegmentation)


def mobilevit():
    from transformers import MobileViTConfig, MobileViTForSemanticSegmentation

    config = MobileViTConfig(
        hidden_sizes=[16, 24, 32],
        neck_hidden_sizes=[8, 8, 16, 16, 24, 32, 64],
        num_attention_heads=2,
        aspp_out_channels=16,
        **CLASSES,
    )
    return MobileViTForSemanticSegmentation(config)


def mobilevitv2():
    from transformers import MobileViTV2Config, MobileViTV2ForSemanticSegmentation

    config = MobileViTV2Config(
        width_multiplier=0.25, base_attn_unit_dims=[16, 24, 32], aspp_out_channels=16, **CLASSES
    )
    return MobileViTV2ForSemanticSegmentation(config)


NORMAL = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
SQUARE = {"size": {"height": 64, "width": 64}}
SHORTEST = {"size": {"shortest_edge": 64, "longest_edge": 100}}
WINDOWS = {"size": {"shortest_edge": 64, "longest_edge": None}, "do_split_image": True}
BUILDERS = {
    "maskformer": (maskformer, "MaskFormerImageProcessor", SHORTEST),
    "mask2former": (mask2former, "Mask2FormerImageProcessor", SQUARE),
    "oneformer": (oneformer, "OneFormerImageProcessor", SHORTEST),
    "eomt": (eomt, "EomtImageProcessor", WINDOWS),
    "eomt_dinov3": (eomt_dinov3, "EomtImageProcessor", WINDOWS),
    "detr": (detr, "DetrImageProcessor", SHORTEST),
    "segformer": (segformer, "SegformerImageProcessor", SQUARE),
    "upernet": (upernet, "SegformerImageProcessor", SQUARE),
    "dpt": (dpt, "DPTImageProcessor", {**SQUARE, "resample": 3}),
    "beit": (beit, "BeitImageProcessor", SQUARE),
    "data2vec": (data2vec, "BeitImageProcessor", SQUARE),
    "mobilevit": (
        mobilevit,
        "MobileViTImageProcessor",
        {
            "size": {"shortest_edge": 72},
            "crop_size": {"height": 64, "width": 64},
            "do_center_crop": True,
        },
    ),
    "mobilevitv2": (
        mobilevitv2,
        "MobileViTImageProcessor",
        {"size": {"shortest_edge": 64}, "do_center_crop": False, "do_flip_channel_order": True},
    ),
}


def save(kind, folder):
    """Save a small random model of a kind, with its image processor."""
    builder, processor, said = BUILDERS[kind]
    torch.manual_seed(0)
    model = builder().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # Large enough for classes and masks to differ from pixel to pixel.
            parameter.add_(0.2 * torch.randn(parameter.shape))
            if name.startswith(("class_predictor", "detr.class_labels_classifier")):
                parameter.sub_(parameter.mean(0))  # otherwise one class wins in every query
    model.save_pretrained(folder)
    content = {**NORMAL, "image_processor_type": processor, **said}
    if kind.startswith("mobilevit"):
        content = {"image_processor_type": processor, **said}
    if kind == "oneformer":
        content |= {"class_info_file": "cityscapes_panoptic.json", "repo_path": "no/where"}
        write_tokenizer(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(content))
    return folder


def write_tokenizer(folder):
    """A tokenizer of CLIP's kind with single letters and three words."""
    words = ["<|startoftext|>", "<|endoftext|>", *"abcdefghijklmnopqrstuvwxyz"]
    words += [f"{letter}</w>" for letter in "abcdefghijklmnopqrstuvwxyz"]
    words += ["th", "the</w>", "is</w>"]
    merges = ["#version: 0.2", "t h", "th e</w>", "i s</w>"]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("\n".join(merges) + "\n")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "CLIPTokenizer", "pad_token": "<|endoftext|>"})
    )


@pytest.fixture(scope="session")
def saved_model(tmp_path_factory):
    """Kind -> the folder of a small random model, the same one each time; change nothing in it."""
    folders = {}

    def folder(kind):
        if kind not in folders:
            folders[kind] = save(kind, tmp_path_factory.mktemp("models") / kind)
        return folders[kind]

    return folder
