"""The memory of the masks of a mask classifier: combined in strips, and by the plain formula.

    python benchmarks/mask_memory.py benchmarks/results/mask_memory.json [queries] [height width]

Random answers of 100 queries over 19 classes, masks at a quarter of the image. Each side runs in a
process of its own. Memory is the peak of the process less what it held before; it includes the
scores of the classes at every pixel, which both return.
"""

import json
import multiprocessing
import resource
import sys
from pathlib import Path
from typing import Any

CLASSES = 19
THREADS = 2


def peak() -> float:
    """The most memory that the process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(side: str, queries: int, height: int, width: int, answers: Any) -> None:
    from robustbench_seg.machine.allocator import keep_freed_memory

    keep_freed_memory()
    import torch
    from torch.nn import functional as F

    from robustbench_seg.segmenter.adapters.transformers.mask_scores import combine_masks

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    classes = 3 * torch.randn(1, queries, CLASSES + 1)
    masks = 3 * torch.randn(1, queries, height // 4, width // 4)

    def plain() -> Any:
        large = F.interpolate(masks, (height, width), mode="bilinear", align_corners=False)
        return torch.einsum("bqc,bqhw->bchw", classes.softmax(-1)[..., :-1], large.sigmoid())

    def strips() -> Any:
        return combine_masks(classes, masks, (height, width))

    function = {"plain": plain, "strips": strips}[side]
    with torch.inference_mode():
        torch.einsum("bqc,bqhw->bchw", classes, masks[..., :8, :8])  # warm up
        before = peak()
        scores = function()
        used = peak() - before
        labels = scores.argmax(1)[0].to(torch.uint8).numpy()
    answers.put({"mb": round(used, 1), "labels": labels})


def main() -> None:
    queries = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    height, width = (int(sys.argv[3]), int(sys.argv[4])) if len(sys.argv) > 4 else (1024, 2048)
    context = multiprocessing.get_context("spawn")
    found = {}
    for side in ("plain", "strips"):
        answers = context.Queue()
        process = context.Process(target=run, args=(side, queries, height, width, answers))
        process.start()
        found[side] = answers.get()
        process.join()
    different = (found["plain"].pop("labels") != found["strips"].pop("labels")).mean()
    result = {
        "queries": queries,
        "size": [height, width],
        **found,
        "memory_share": round(found["strips"]["mb"] / found["plain"]["mb"], 3),
        "labels_that_differ": float(different),
    }
    text = json.dumps(result, indent=1) + "\n"
    print(text, end="")
    Path(sys.argv[1]).write_text(text)


if __name__ == "__main__":
    main()
