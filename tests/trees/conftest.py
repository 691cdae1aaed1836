import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_seg.datasets import read_image
from robustbench_seg.files import write_json
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.trees.manifests.tree_record import CorruptionChoice
from robustbench_seg.trees.writing.plan import CleanImage, TreePlan


@dataclass(frozen=True)
class Town:
    """A small dataset in the layout of Cityscapes, and plans of its corrupted copies."""

    root: Path
    names: tuple[str, ...]

    def images(self, reader=read_image) -> tuple[CleanImage, ...]:
        return tuple(
            CleanImage(
                f"leftImg8bit/val/ulm/{name}_leftImg8bit.png",
                partial(reader, self.root / f"leftImg8bit/val/ulm/{name}_leftImg8bit.png"),
                {label: self.root / label for label in self.labels(name)},
            )
            for name in self.names
        )

    def labels(self, name: str) -> list[str]:
        return [f"gtFine/val/ulm/{name}_gtFine_{kind}.png" for kind in ("labelIds", "color")]

    def plan(self, out: Path, **changes) -> TreePlan:
        protocol = changes.pop("protocol", load_protocol())
        corruptions = changes.pop("corruptions", ("gaussian_noise", "contrast", "fog"))
        severities = changes.pop("severities", (1, 5))
        settings = {
            "out": out,
            "images": self.images(),
            "conditions": protocol.conditions(corruptions, severities),
            "choice": CorruptionChoice(
                protocol, changes.pop("stream", "fast"), changes.pop("seed", 0)
            ),
            "dataset": "cityscapes",
            "split": "val",
        }
        return TreePlan(**(settings | changes))


@pytest.fixture
def town(tmp_path):
    town = Town(tmp_path / "town", ("ulm_0", "ulm_1", "ulm_2"))
    rng = np.random.default_rng(7)
    for source in town.images():
        path = town.root / source.id
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(rng.integers(0, 256, (6, 9, 3), np.uint8))
        coarse.resize((96, 64), Image.Resampling.BICUBIC).save(path)
        for label in source.companions.values():
            label.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 34, (64, 96), np.uint8)).save(label)
    return town


@pytest.fixture
def contents():
    """All files and links of a folder: relative path -> bytes, or the target of a link."""

    def read_all(folder: Path) -> dict[str, bytes | str]:
        return {
            path.relative_to(folder).as_posix(): str(path.readlink())
            if path.is_symlink()
            else path.read_bytes()
            for path in folder.rglob("*")
            if path.is_symlink() or path.is_file()
        }

    return read_all


@pytest.fixture
def first_format():
    """Rewrite what describes a tree as format 1 did, made by these versions of libraries."""

    def rewrite(out: Path, **versions: str) -> None:
        for path in [out / ".recipe.json", *out.glob("manifest*.json")]:
            table = json.loads(path.read_text())
            assert table.pop("format") == 3
            kept = ("protocol", "protocol_version", "severities_digest", "stream", "seed")
            head = {key: table[key] for key in (*kept, "dataset", "split")}
            head["versions"] = {**table["libraries"], "fast stream": "2", **versions}
            rest = {key: table[key] for key in ("files", "links", "left_out") if key in table}
            write_json(path, head | rest)

    return rewrite


@pytest.fixture
def libraries_then():
    """Change the versions in a tree's record."""

    def rewrite(out: Path, **versions: str) -> None:
        for path in [out / ".recipe.json", *out.glob("manifest*.json")]:
            table = json.loads(path.read_text())
            table["libraries"] |= versions
            write_json(path, table)

    return rewrite
