"""Writes a TOML file for each condition of a tree, so that its folder is a dataset."""

from collections.abc import Mapping

from robustbench_seg.files import atomic_file, digest_bytes
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.trees.manifests.manifest import Digests
from robustbench_seg.trees.writing.plan import TreePlan


def write_descriptions(plan: TreePlan) -> Mapping[str, Digests]:
    """Write a TOML file into the folder of every condition, if the plan has a layout.

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
    files = {}
    for condition in plan.conditions:
        name = f"{condition.folder}/{plan.dataset}.toml"
        text = _description(plan.dataset, plan.png_layout, condition).encode()
        path = plan.out / name
        if not (path.is_file() and path.read_bytes() == text):
            with atomic_file(path) as file:
                file.write(text)
        files[name] = Digests(digest_bytes(text), digest_bytes(text))
    return files


def _description(dataset: str, layout: str, condition: Condition) -> str:
    severity = f"severity {condition.severity}"
    return (
        f"# The images of {dataset} under {condition.name}, {severity}; written by robustseg.\n"
        f'name = "{dataset}-{condition.name}-{condition.severity}"\n{layout}'
    )
