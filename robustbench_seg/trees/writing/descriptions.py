"""Writes a TOML file for each condition of a tree, so that its folder is a dataset."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from robustbench_seg.files import atomic_file, digest_bytes
from robustbench_seg.records.values.condition import Condition, as_png
from robustbench_seg.trees.manifests.manifest import Digests
from robustbench_seg.trees.writing.plan import TreePlan


def write_descriptions(plan: TreePlan) -> Mapping[str, Digests]:
    """Write a TOML file into the folder of every condition, if the plan has a layout.

    If the layout has the key `list`, the list is written beside it: it names the PNG files.

    Args:
        plan: The plan of the tree.

    Returns:
        Maps the path of each file in the tree to its digests. The digest of the pixels is that of
        the bytes.

    Raises:
        FileError: A file cannot be written.
    """
    if plan.png_layout is None:
        return {}
    images = "".join(f"{as_png(image.id)}\n" for image in plan.images)
    lists = dict.fromkeys(tomllib.loads(plan.png_layout).get("list", {}).values(), images)
    files = {}
    for condition in plan.conditions:
        description = _description(plan.dataset, plan.png_layout, condition)
        for file, text in {f"{plan.dataset}.toml": description, **lists}.items():
            name = f"{condition.folder}/{file}"
            files[name] = _written(plan.out / name, text.encode())
    return files


def _written(path: Path, text: bytes) -> Digests:
    """Write a file if it is missing or has other bytes. A link in its place is replaced."""
    if path.is_symlink():  # atomic_file would replace its target, a file of the source
        path.unlink()
    if not (path.is_file() and path.read_bytes() == text):
        with atomic_file(path) as file:
            file.write(text)
    return Digests(digest_bytes(text), digest_bytes(text))


def _description(dataset: str, layout: str, condition: Condition) -> str:
    severity = f"severity {condition.severity}"
    return (
        f"# The images of {dataset} under {condition.name}, {severity}; written by robustseg.\n"
        f'name = "{dataset}-{condition.name}-{condition.severity}"\n{layout}'
    )
