"""hf: models as their own image processor runs them: equal to transformers' whole pipeline."""

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_seg.segmenter import load_segmenter

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
        ours = segmenter.logits(image)[0]
        print(kind, size, float((ours - scores).abs().max()), float(scores.abs().max()), float(scores.std()), int((segmenter(image) != labels).sum()), np.bincount(labels.ravel()))
        assert (ours - scores).abs().max() < 1e-5 * scores.abs().max()
        assert scores.std((1, 2)).max() > 1e-4  # it depends on the place
    assert different <= 1e-5 * pixels
