"""The learning rate over a training: linear warm-up times polynomial decay."""

from robustbench_seg.records.training_recipe import TrainingRecipe


def progress(recipe: TrainingRecipe, iteration: int, seconds: float) -> float:
    """How much of the training is done, 0..1: the larger of its shares of steps and of time.

    iteration: steps taken so far
    seconds:   training time so far, validation not counted

    The training ends at 1. With `minutes` alone the share is that of the clock, so that the
    learning rate reaches 0 exactly when the time is up, however fast the machine is.
    """
    steps = iteration / recipe.iterations if recipe.iterations else 0.0
    time = seconds / (60 * recipe.minutes) if recipe.minutes else 0.0
    return min(max(steps, time), 1.0)


def learning_rate_factor(recipe: TrainingRecipe, iteration: int, done: float) -> float:
    """What every learning rate is multiplied with at step `iteration` (from 0), in 0..1.

    done: `progress` before the step. The factor is (1 - done)^power, and during the warm-up
    (iteration < warmup) this times a ramp from warmup_ratio to 1 (SegFormer, section 4.1).
    """
    ramp = 1.0
    if iteration < recipe.warmup:
        ramp = 1 - (1 - iteration / recipe.warmup) * (1 - recipe.warmup_ratio)
    return float((1 - done) ** recipe.power * ramp)
