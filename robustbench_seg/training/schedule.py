"""The learning rate over a training: linear warm-up times polynomial decay."""

from robustbench_seg.records.values.training_recipe import TrainingRecipe


def progress(recipe: TrainingRecipe, iteration: int, seconds: float) -> float:
    """Compute the progress of a training, 0..1: the larger of its shares of steps and of time.

    The training ends at 1. With only `minutes`, the clock alone counts, so the learning rate
    reaches 0 at the end of the time on every machine.

    Args:
        recipe: Its `iterations` and `minutes` are used.
        iteration: Steps taken so far.
        seconds: Training time so far, without validation.
    """
    steps = iteration / recipe.iterations if recipe.iterations else 0.0
    time = seconds / (60 * recipe.minutes) if recipe.minutes else 0.0
    return min(max(steps, time), 1.0)


def learning_rate_factor(recipe: TrainingRecipe, iteration: int, share: float) -> float:
    """Compute the factor of every learning rate at a step, in 0..1 (SegFormer, section 4.1).

    It is (1 - share)^power. During the warm-up it is multiplied by a linear ramp from warmup_ratio
    to 1.

    Args:
        recipe: Its `power`, `warmup` and `warmup_ratio` are used.
        iteration: The step, from 0.
        share: The progress before the step (see `progress`).
    """
    ramp = 1.0
    if iteration < recipe.warmup:
        ramp = 1 - (1 - iteration / recipe.warmup) * (1 - recipe.warmup_ratio)
    return float((1 - share) ** recipe.power * ramp)
