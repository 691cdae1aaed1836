"""Checks of a device: the same results as on a CPU, little memory, one process of many, resume.

benchmarks/gpu.py runs them. Networks have random weights that are the same on each device.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from robustbench_seg.datasets import open_dataset
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.values.preprocessing import Inference
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.segmenter import NetworkSegmenter, load_model, load_segmenter
from robustbench_seg.segmenter.inference.windows import Batch, in_batches
from robustbench_seg.training import InitialNetwork, fit
from robustbench_seg.training.learner import Learner

SHARE = 1e-3
"""Largest share of labels in which a device may differ from a CPU in float32."""

LOW_PRECISION_SHARE = 0.02
"""The same for bf16 and fp16 against float32 on the device."""


@dataclass(frozen=True)
class Sizes:
    """What is checked and measured.

    Attributes:
        device: Torch device.
        models: Names of cards.
        size: Height and width of an image.
        window: Side of a window and its stride.
        steps: Steps of the training that is interrupted.
    """

    device: str
    models: tuple[str, ...]
    size: tuple[int, int]
    window: tuple[int, int]
    steps: int

    @property
    def is_cuda(self) -> bool:
        """Whether the device is a GPU of CUDA."""
        return torch.device(self.device).type == "cuda"

    @property
    def image(self) -> np.ndarray:
        """A random image, uint8 HxWx3, smooth enough for a JPEG."""
        small = np.random.default_rng(0).integers(0, 256, (8, 16, 3), np.uint8)
        scale = np.ones((self.size[0] // 8, self.size[1] // 16, 1), np.uint8)
        return np.kron(small, scale)


Found = Mapping[str, Any]
"""The figures of a check; `ok` says whether it holds."""


def segmenter_of(model: str, device: str, **options: Any) -> Any:
    """Load a network with the same random weights on each device."""
    torch.manual_seed(0)
    return load_segmenter(model, weights="none", device=device, **options)


def differing(a: np.ndarray, b: np.ndarray) -> float:
    return float((a != b).mean())


def as_on_a_cpu(sizes: Sizes) -> Found:
    """Logits and labels of each network."""
    found: dict[str, Any] = {}
    for model in sizes.models:
        there, here = (
            segmenter_of(model, device, inference="whole") for device in ("cpu", sizes.device)
        )
        expected, logits = (each.logits(sizes.image).float().cpu() for each in (there, here))
        error = float((logits - expected).abs().max() / expected.std())
        share = differing(there(sizes.image), here(sizes.image))
        found[model] = {"logits_error_in_spreads": error, "labels_differ": share}
    worst = max(each["labels_differ"] for each in found.values())
    return {"ok": worst <= SHARE, **found}


def windows_in_batches(sizes: Sizes) -> Found:
    """Labels from windows one by one, and four at once."""
    loaded = segmenter_of(sizes.models[0], sizes.device)
    record = replace(loaded.record, inference=Inference("slide", *sizes.window))
    about = {"classes": loaded.classes, "record": record, "about": loaded.about}
    one, four = (
        NetworkSegmenter(loaded.network, name="windows", device=sizes.device, batch=count, **about)(
            sizes.image
        )
        for count in (1, 4)
    )
    share = differing(one, four)
    return {"ok": share <= SHARE, "labels_differ": share}


def little_memory(sizes: Sizes) -> Found:
    """A batch of windows that does not fit is halved, and gives the same logits."""
    device = sizes.device
    network = nn.Conv2d(3, 4, 3, padding=1).to(device).eval()
    crops = [torch.rand(1, 3, 32, 32, device=device) for _ in range(8)]

    def greedy(images: Tensor) -> Tensor:
        if sizes.is_cuda:
            free, _ = torch.cuda.mem_get_info(device)
            held = torch.empty(int(0.4 * free * len(images)), dtype=torch.uint8, device=device)
            del held
            torch.cuda.empty_cache()
        elif len(images) > 2:
            raise torch.OutOfMemoryError
        output: Tensor = network(images)
        return output

    batch = Batch(8)
    with torch.no_grad():
        found, expected = in_batches(greedy, crops, batch), network(torch.cat(crops))
    error = float((found - expected).abs().max())
    return {"ok": batch.most <= 2 and error < 1e-5, "batch": batch.most, "error": error}


def low_precisions(sizes: Sizes) -> Found:
    """Labels in bf16 and fp16 against float32, of trained weights on images of minicity."""
    data, model = open_dataset("minicity").first(2), "segformer-b0-minicity"
    images = [data[index].image for index in range(len(data))]
    exact = load_segmenter(model, device=sizes.device)
    found: dict[str, Any] = {}
    for precision in ("bf16", "fp16") if sizes.is_cuda else ("bf16",):
        other = load_segmenter(model, device=sizes.device, precision=precision)
        found[precision] = max(differing(exact(image), other(image)) for image in images)
    return {"ok": max(found.values()) <= LOW_PRECISION_SHARE, **found}


def collectives(sizes: Sizes) -> Found:
    """A process group of one process: a sum, and on a GPU SyncBatchNorm against BatchNorm."""
    backend = "nccl" if sizes.is_cuda else "gloo"
    with tempfile.TemporaryDirectory() as folder:
        where = f"file://{folder}/store"
        dist.init_process_group(backend, init_method=where, rank=0, world_size=1)
        try:
            total = torch.ones(3, device=sizes.device)
            dist.all_reduce(total)
            error = float((total - 1).abs().max())
            if sizes.is_cuda:
                error = max(error, _sync_error(sizes.device))
        finally:
            dist.destroy_process_group()
    return {"ok": error < 1e-4, "backend": backend, "error": error}


def _sync_error(device: str) -> float:
    images = torch.rand(4, 3, 16, 16, device=device)
    plain = nn.BatchNorm2d(3).to(device)
    synced = nn.SyncBatchNorm.convert_sync_batchnorm(nn.BatchNorm2d(3)).to(device)
    gradients = []
    for layer in (plain, synced):
        leaf = images.clone().requires_grad_()
        gradients += [*torch.autograd.grad((layer(leaf) ** 3).sum(), leaf)]
    return float((gradients[0] - gradients[1]).abs().max())


class InterruptedTrainingError(Exception):
    """A training that is stopped on purpose."""


def training_resumes(sizes: Sizes) -> Found:
    """A training that is interrupted and continued, against one that is not."""
    card = load_card("segformer-b0-minicity")
    recipe = TrainingRecipe(iterations=sizes.steps, batch=2, crop=(64, 128), lr=1e-3, warmup=1)
    step, stop = Learner.step, sizes.steps // 2 + 1

    def run(out: str, fails_at: int | None) -> Mapping[str, Tensor]:
        taken = 0

        def counted(*arguments: Any) -> Any:
            nonlocal taken
            if taken == fails_at:
                raise InterruptedTrainingError
            taken += 1
            return step(*arguments)

        torch.manual_seed(0)
        initial = InitialNetwork(load_model("segformer-b0", weights="none"), card, None)
        spec = TrainingSpec(
            *(card.name, Path(out)),
            recipe=recipe,
            device=sizes.device,
            checkpoint_every=1,
            workers=1,
        )
        train, val = (open_dataset("minicity", split=name).first(2) for name in ("train", "val"))
        with mock.patch.object(Learner, "step", counted):
            fit(spec, initial, train, val)
        return initial.network.state_dict()

    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as broken:
        expected = run(whole, None)
        try:
            run(broken, stop)
        except InterruptedTrainingError:
            found = run(broken, None)
        else:
            return {"ok": False, "reason": "the training was not interrupted"}
    error = max(
        float((found[name].double() - value.double()).abs().max())
        for name, value in expected.items()
    )
    return {"ok": error < 1e-3, "largest_difference_of_weights": error}


CHECKS: Mapping[str, Callable[[Sizes], Found]] = {
    "as_on_a_cpu": as_on_a_cpu,
    "windows_in_batches": windows_in_batches,
    "little_memory": little_memory,
    "low_precisions": low_precisions,
    "collectives": collectives,
    "training_resumes": training_resumes,
}
