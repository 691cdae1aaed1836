"""A program of somebody else: labels a Cityscapes root and a tree of corrupted images.

python foreign.py ROOT TREE OUT. It knows NumPy and Pillow, and nothing of robustseg.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROAD, BUILDING, VEGETATION, SKY = 7, 11, 21, 23  # label ids of Cityscapes


def predict(image):
    """Label ids and confidence of an HxWx3 image: by its place and by how green it is."""
    height, width, _ = image.shape
    ids = np.full((height, width), BUILDING, np.uint8)
    ids[: height // 3] = SKY
    ids[height * 2 // 3 :] = ROAD
    levels = image.astype(int)
    ids[levels[..., 1] > levels[..., 0] + 20] = VEGETATION
    return ids, 0.5 + levels.mean(2) / 510


def label(folder, out):
    for path in sorted(folder.glob("leftImg8bit/val/*/*.png")):
        ids, confidence = predict(np.asarray(Image.open(path).convert("RGB")))
        target = out / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(ids).save(target)
        sure = Image.fromarray(np.round(65535 * confidence).astype(np.uint16))
        sure.save(target.with_suffix(".confidence.png"))


def main():
    root, tree, out = map(Path, sys.argv[1:])
    label(root, out / "clean/0")
    for severity in tree.glob("*/*"):
        if severity.is_dir():
            label(severity, out / severity.relative_to(tree))
    (out / "manifest.json").write_bytes((tree / "manifest.json").read_bytes())
    (out / "predictions.toml").write_text(
        'name = "foreign"\ndataset = "cityscapes"\nids = "label ids"\nimages = "manifest.json"\n'
    )


if __name__ == "__main__":
    main()
