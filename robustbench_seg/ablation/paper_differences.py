"""The differences between an ablation and the paper's experiment, in words."""

from dataclasses import fields

from robustbench_seg.records.specs.ablation_spec import FIXED_OPTIONS, AblationSpec
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.values.training_recipe import TrainingRecipe


def differences_from_paper(spec: AblationSpec) -> str:
    """Describe the differences in networks, data and recipe; one short sentence if none."""
    scale, paper = spec.ablation.scale(full=spec.full), spec.ablation.full
    changes = _changes(spec)
    recipe = spec.training.recipe
    same = spec.dataset == paper.dataset and recipe.iterations == paper.recipe.iterations
    if spec.full and same and not changes and spec.limit is None:
        return "At the paper's size."
    words = "At the paper's size, with these exceptions." if spec.full else "Scaled down."
    if scale.settings != paper.settings:
        words += f" {scale.settings['size']} in place of {paper.settings['size']}."
    scored = f"the first {spec.limit} images of {spec.dataset}" if spec.limit else spec.dataset
    further = f" with {', '.join(changes)}" if changes else ""
    return (
        f"{words} Trained on {spec.dataset} for {recipe.iterations} steps{further}, scored on "
        f"{scored}; the paper's column is for {paper.dataset}, after {paper.recipe.iterations} "
        "steps: compare the order of the networks, not the numbers."
    )


def _changes(spec: AblationSpec) -> list[str]:
    """The values of the trainings that differ from the definition of the ablation."""
    own, here = spec.ablation.scale(full=spec.full).recipe, spec.training.recipe
    changes = [
        f"{field.name} {getattr(here, field.name)}"
        for field in fields(TrainingRecipe)
        if field.name not in FIXED_OPTIONS | {"iterations"}
        and getattr(here, field.name) != getattr(own, field.name)
    ]
    for name in ("precision", "split"):
        if (value := getattr(spec.training, name)) != getattr(TrainingSpec, name):
            changes.append(f"{name} {value}")
    if spec.training.half:
        changes.append("weights stored as float16")
    return changes
