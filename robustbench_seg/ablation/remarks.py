"""Remarks on an ablation: what its networks cost, and how far it is from the paper's experiment."""

from dataclasses import fields

from robustbench_seg.ablation.spec import ABLATION_OPTIONS, AblationSpec
from robustbench_seg.analysis import count_cost, meta_network
from robustbench_seg.records.ablation import AblationVariant
from robustbench_seg.records.training_recipe import TrainingRecipe
from robustbench_seg.records.training_spec import TrainingSpec


def network_summary(spec: AblationSpec, variant: AblationVariant) -> str:
    """What a network costs, the paper's score of it, and what its encoder starts from."""
    cost = count_cost(meta_network(spec.ablation.card(variant, spec.full)), (512, 512))
    start = f"; its encoder from {spec.encoders.get(variant.name, 'nothing')}"
    return (
        f"{variant.name}: {cost.params / 1e6:.1f} M parameters, "
        f"{cost.macs_written / 1e9:.1f} GMAC at 512x512; "
        f"the paper's mIoU {spec.published()[variant.name]} %{start if spec.encoders else ''}"
    )


def differences_from_paper(spec: AblationSpec) -> str:
    """How far this is from the paper's experiment, in words."""
    scale, paper = spec.ablation.scale(spec.full), spec.ablation.full
    changes = _changes(spec)
    recipe = spec.training.recipe
    same = spec.dataset == paper.dataset and recipe.iterations == paper.recipe.iterations
    if spec.full and same and not changes and spec.limit is None:
        return "At the paper's size."
    words = "At the paper's size, except for what follows." if spec.full else "Scaled down."
    if scale.settings != paper.settings:
        words += f" {scale.settings['size']} in place of {paper.settings['size']}."
    scored = f"the first {spec.limit} images of {spec.dataset}" if spec.limit else spec.dataset
    further = f" with {', '.join(changes)}" if changes else ""
    return (
        f"{words} Trained on {spec.dataset} for {recipe.iterations} steps{further}, scored on "
        f"{scored}; the paper's column is of {paper.dataset}, after {paper.recipe.iterations} "
        "steps: compare orders, not numbers."
    )


def _changes(spec: AblationSpec) -> list[str]:
    """What else was set to another value than the ablation has."""
    own, here = spec.ablation.scale(spec.full).recipe, spec.training.recipe
    changes = [
        f"{field.name} {getattr(here, field.name)}"
        for field in fields(TrainingRecipe)
        if field.name not in ABLATION_OPTIONS
        and getattr(here, field.name) != getattr(own, field.name)
    ]
    for name in ("precision", "split"):
        if (value := getattr(spec.training, name)) != getattr(TrainingSpec, name):
            changes.append(f"{name} {value}")
    return changes
