"""hf: models as their own image processor runs them: equal to transformers' whole pipeline."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_seg.codec import to_table
from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.segmenter import load_segmenter

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

MASKS = ("maskformer", "mask2former", "oneformer", "eomt", "eomt_dinov3", "detr")
LOGITS = ("segformer", "upernet", "dpt", "beit", "data2vec", "mobilevit", "mobilevitv2")
FIXED = ("eomt", "eomt_dinov3", "dpt", "data2vec")
SIZES = ((67, 91), (96, 64), (50, 133), (131, 62), (64, 64))


def image_of(size):
    """An image of smooth blobs and some noise."""
    rng = np.random.default_rng(sum(size))
    small = Image.fromarray(rng.integers(0, 256, (7, 7, 3), np.uint8))
    smooth = np.asarray(small.resize((size[1], size[0]), Image.Resampling.BICUBIC)).astype(int)
    return (smooth + rng.integers(-20, 21, smooth.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def pipeline(saved_model):
    """transformers' own way: its processor, its model, its post_process_semantic_segmentation."""
    import transformers

    loaded = {}

    def load(kind):
        folder = saved_model(kind)
        own = {"class_info_file": None} if kind == "oneformer" else {}
        processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil", **own)
        auto = "Universal" if kind in MASKS else "Semantic"
        network = getattr(transformers, f"AutoModelFor{auto}Segmentation")
        model = network.from_pretrained(folder).eval()
        if kind != "oneformer":
            return processor, model
        tokenizer = transformers.CLIPTokenizer.from_pretrained(folder)
        return transformers.OneFormerProcessor(processor, tokenizer, task_seq_length=9), model

    def run(kind, image):
        if kind not in loaded:
            loaded[kind] = load(kind)
        processor, model = loaded[kind]
        task = {"task_inputs": ["semantic"]} if kind == "oneformer" else {}
        inputs = processor(images=Image.fromarray(image), return_tensors="pt", **task)
        with torch.inference_mode():
            outputs = model(**inputs)
        scores = {"return_segmentation_scores": True} if kind in MASKS else {}
        (answer,) = processor.post_process_semantic_segmentation(
            outputs, target_sizes=[image.shape[:2]], **scores
        )
        if kind in MASKS:
            return answer.segmentation.numpy(), answer.segmentation_scores
        logits = torch.nn.functional.interpolate(outputs.logits, image.shape[:2], mode="bilinear")
        return answer.numpy(), logits[0]

    return run


@pytest.mark.parametrize("kind", [*MASKS, *LOGITS])
def test_with_the_processor_labels_are_transformers_own(saved_model, pipeline, kind):
    segmenter = load_segmenter(f"hf:{saved_model(kind)}", input_size="processor")
    different = pixels = 0
    for size in SIZES:
        image = image_of(size)
        labels, scores = pipeline(kind, image)
        different += (segmenter(image) != labels).sum()
        pixels += labels.size
        spread = scores.std((1, 2)).max()  # from pixel to pixel
        assert (segmenter.logits(image)[0] - scores).abs().max() < 1e-3 * spread
    assert different <= 1e-5 * pixels


@pytest.mark.parametrize("kind", ["maskformer", "mask2former", "oneformer", "detr"])
@pytest.mark.parametrize("size", [(67, 91), (96, 64)])
def test_native_masks_are_combined_at_the_size_of_the_image(saved_model, kind, size):
    """The formula of the original evaluation, written plainly; confidence is its share."""
    import transformers

    image = image_of(size)
    segmenter = load_segmenter(f"hf:{saved_model(kind)}")
    network = transformers.AutoModelForUniversalSegmentation.from_pretrained(saved_model(kind))
    mean, std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))
    pixels = (torch.from_numpy(image).permute(2, 0, 1) / 255 - mean) / std
    divisor = 1 if kind == "detr" else 32
    pad = (0, -size[1] % divisor, 0, -size[0] % divisor)
    pixels = torch.nn.functional.pad(pixels[None], pad)
    task = {}
    if kind == "oneformer":
        text = transformers.CLIPTokenizer.from_pretrained(saved_model(kind))
        said = text(["the task is semantic"], padding="max_length", max_length=9, truncation=True)
        task = {
            "task_inputs": torch.tensor(said["input_ids"]) * torch.tensor(said["attention_mask"])
        }
    with torch.inference_mode():
        answer = network.eval()(pixel_values=pixels, **task)
        names = ("logits", "pred_masks")
        if kind != "detr":
            names = ("class_queries_logits", "masks_queries_logits")
        classes, masks = (getattr(answer, name) for name in names)
        masks = torch.nn.functional.interpolate(masks, pixels.shape[2:], mode="bilinear")
        masks = masks[..., : size[0], : size[1]].sigmoid()
        scores = torch.einsum("bqc,bqhw->bchw", classes.softmax(-1)[..., :-1], masks)[0]
    spread = scores.std((1, 2)).max()
    assert (segmenter.logits(image)[0] - scores).abs().max() < 1e-3 * spread
    labels = scores.argmax(0).numpy()
    assert (segmenter(image) == labels).all()
    shares = scores / scores.sum(0)
    truth = np.random.default_rng(0).integers(0, 5, size, np.uint8)  # 4 is none of its classes
    own, found = segmenter.with_confidence(image, truth, (1.0, 2.0))
    assert (own == labels).all()
    for confidence, chances in zip(
        found, (shares, (shares**0.5) / (shares**0.5).sum(0)), strict=True
    ):
        assert np.abs(1 - confidence.doubt - chances.max(0).values.numpy()).max() < 1e-4
        scored = torch.from_numpy(truth) < 4
        own_class = chances.gather(0, torch.from_numpy(truth).long().clamp(max=3)[None])[0]
        assert confidence.nll == pytest.approx(-own_class[scored].log().sum().item(), rel=1e-3)


@pytest.mark.parametrize("kind", ["mask2former", "segformer", "dpt", "eomt"])
def test_labels_with_confidence_are_the_labels(saved_model, kind):
    image = image_of((67, 91))
    segmenter = load_segmenter(f"hf:{saved_model(kind)}", input_size="processor")
    labels, (confidence,) = segmenter.with_confidence(image, np.zeros((67, 91), np.uint8), (1.0,))
    assert (labels == segmenter(image)).all()
    scores = segmenter.logits(image)[0]
    shares = scores / scores.sum(0) if kind in MASKS else scores.softmax(0)
    assert np.abs(1 - confidence.doubt - shares.max(0).values.numpy()).max() < 1e-4


@pytest.mark.parametrize("kind", ["mask2former", "segformer", "dpt"])
def test_another_size_scales_the_image_and_the_answer_back(saved_model, kind):
    """Images that are not scaled keep the native geometry."""
    image = image_of((64, 64))
    given = load_segmenter(f"hf:{saved_model(kind)}", input_size=(64, 64))
    assert given.record.input_size == (64, 64)
    assert given.record.geometry_text == "64x64"
    assert given(image_of((67, 91))).shape == (67, 91)
    if kind != "dpt":
        native = load_segmenter(f"hf:{saved_model(kind)}", input_size="native")
        torch.testing.assert_close(given.logits(image), native.logits(image))


def test_windows_of_a_mask_classifier_are_averaged(saved_model):
    """An image that fits into one window is seen whole."""
    folder, image = saved_model("mask2former"), image_of((67, 91))
    slid = load_segmenter(f"hf:{folder}", inference="slide")
    assert (slid(image) == load_segmenter(f"hf:{folder}")(image)).all()
    with pytest.raises(OptionError, match="sliding windows need images of native size; leave out"):
        load_segmenter(f"hf:{folder}", inference="slide", input_size="processor")


def test_the_geometry_is_in_the_key_and_native_keys_stay(saved_model):
    folder = saved_model("segformer")
    records = [
        load_segmenter(f"hf:{folder}", input_size=size).record
        for size in (None, "native", "processor", "64x64")
    ]
    assert records[0] == records[1]
    assert "processor" not in to_table(records[0])
    assert records[0].laws == {"huggingface": 1, "inference": 1}
    assert len({repr(record) for record in records}) == 3
    assert records[2].geometry_text == "as the model's image processor says"
    masks = load_segmenter(f"hf:{saved_model('oneformer')}").record
    assert masks.laws == {"huggingface": 1, "inference": 1, "masks": 1}
    assert masks.variant["task"] == "the task is semantic"


@pytest.mark.parametrize("kind", FIXED)
def test_a_network_of_one_size_uses_the_processor(saved_model, kind, caplog):
    folder = saved_model(kind)
    record = load_segmenter(f"hf:{folder}").record
    assert record == load_segmenter(f"hf:{folder}", input_size="processor").record
    assert record.processor
    assert caplog.messages == [
        f"hf:{folder}: the network does not take images of every size, so its image processor "
        "prepares them"
    ]
    with pytest.raises(ModelError, match=r"does not take an image of .* the input size processor"):
        load_segmenter(f"hf:{folder}", input_size="native")


def test_another_geometry_than_the_processor_s_is_said(saved_model, caplog):
    folder = saved_model("maskformer")
    load_segmenter(f"hf:{folder}")
    load_segmenter(f"hf:{folder}", input_size="processor")
    assert caplog.messages == [
        f"hf:{folder}: images are evaluated at their own size, not at the size of its image "
        "processor (shortest_edge 64, longest_edge 100); choose the input size processor for that"
    ]


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("segformer-b0-minicity", {}),
        ("onnx:net.onnx", {}),
        ("python:a:b", {}),
        (torch.nn.Identity(), {"name": "x", "classes": ("a",), "mean": MEAN, "std": STD}),
    ],
)
def test_other_models_have_one_geometry(model, options):
    with pytest.raises(OptionError, match=r"accepts only .*; leave out input_size"):
        load_segmenter(model, input_size="8x8", **options)


@pytest.mark.parametrize("value", ["512", "big", (1, 2, 3), 7, "0x8", "99999x99999", "8x-8"])
def test_no_input_size(value):
    with pytest.raises(OptionError, match=r"unknown input size|the size .* is out of range"):
        load_segmenter("hf:x", input_size=value)


def copied(saved_model, kind, tmp_path):
    return Path(shutil.copytree(saved_model(kind), tmp_path / kind))


def no_tokenizer(folder):
    (folder / "vocab.json").unlink()
    return "its tokenizer, which OneFormer's task text needs, cannot be read ("


def timm(folder):
    config = json.loads((folder / "config.json").read_text())
    config |= {"use_timm_backbone": True, "backbone": "resnet50", "backbone_config": None}
    (folder / "config.json").write_text(json.dumps(config))
    return "it needs timm, which is not installed: pip install timm"


def no_processor(folder):
    (folder / "preprocessor_config.json").unlink()
    return "it has no preprocessor_config.json, which contains the normalisation of images; write"


def huge(folder):
    rewrite(folder / "preprocessor_config.json", size={"height": 10**6, "width": 64})
    return "preprocessor_config.json: size has 1000000; expected sides of 1 to"


def wrong_size(folder):
    rewrite(folder / "preprocessor_config.json", size={"depth": 3})
    return "; run it as python:<module>:<callable>"


def fewer_classes(folder):
    names = {"0": "sky", "1": "road", "2": "car"}
    rewrite(folder / "config.json", id2label=names, label2id={})
    return "tensors of its weight file do not have the shapes that its config.json describes"


def rewrite(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("oneformer", no_tokenizer),
        ("detr", timm),
        ("mask2former", no_processor),
        ("mask2former", huge),
        ("mask2former", wrong_size),
        ("mask2former", fewer_classes),
    ],
)
def test_what_is_wrong_is_one_line(saved_model, tmp_path, kind, spoil):
    folder = copied(saved_model, kind, tmp_path)
    wanted = spoil(folder)
    with pytest.raises(ModelError) as raised:
        load_segmenter(f"hf:{folder}", input_size="processor")
    assert str(raised.value).startswith(f"hf:{folder}: ")
    assert wanted in str(raised.value)
    assert "\n" not in str(raised.value)


def test_swapped_channels_are_the_processor_s_business(saved_model, tmp_path):
    folder = copied(saved_model, "mobilevitv2", tmp_path)
    rewrite(folder / "preprocessor_config.json", do_normalize=True, image_mean=MEAN, image_std=STD)
    rewrite(folder / "preprocessor_config.json", image_processor_type="SegformerImageProcessor")
    with pytest.raises(
        ModelError, match=r"swaps red and blue,? .* choose the input size processor"
    ):
        load_segmenter(f"hf:{folder}")
    load_segmenter(f"hf:{folder}", input_size="processor")
