import pytest

from robustbench_seg.errors import OptionError
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.schedule import learning_rate_factor, progress


def test_the_defaults_are_the_papers():
    recipe = TrainingRecipe()
    assert (recipe.lr, recipe.betas, recipe.weight_decay) == (6e-5, (0.9, 0.999), 0.01)
    assert (recipe.head_lr_factor, recipe.warmup, recipe.warmup_ratio) == (10, 1500, 1e-6)
    assert (recipe.power, recipe.iterations, recipe.batch) == (1, 160_000, 8)
    assert (recipe.crop, recipe.resize, recipe.category_ratio) == ((1024, 1024), (0.5, 2), 0.75)
    assert recipe.flip == 0.5


def test_progress_is_the_larger_share():
    recipe = TrainingRecipe(iterations=100, minutes=2)
    assert progress(recipe, 50, 0) == 0.5
    assert progress(recipe, 50, 90) == 0.75
    assert progress(recipe, 50, 1000) == 1
    assert progress(recipe, 100, 0) == 1


def test_minutes_alone_run_by_the_clock():
    recipe = TrainingRecipe(minutes=1)
    assert progress(recipe, 10**6, 15) == 0.25


def test_poly_decay_falls_in_a_line_to_zero():
    recipe = TrainingRecipe(iterations=200, warmup=0)
    factors = [learning_rate_factor(recipe, i, progress(recipe, i, 0)) for i in (0, 50, 150, 200)]
    assert factors == [1, 0.75, 0.25, 0]
    squared = TrainingRecipe(iterations=200, warmup=0, power=2)
    assert learning_rate_factor(squared, 150, 0.75) == 0.0625


def test_warm_up_multiplies_the_decay():
    recipe = TrainingRecipe(iterations=1000, warmup=100, warmup_ratio=0.2)
    assert learning_rate_factor(recipe, 0, 0) == pytest.approx(0.2)
    # half way up: 1 - 0.5 * 0.8 = 0.6 of the decayed rate
    assert learning_rate_factor(recipe, 50, 0.05) == pytest.approx(0.95 * 0.6)
    assert learning_rate_factor(recipe, 100, 0.1) == pytest.approx(0.9)


def test_the_papers_first_steps():
    # 6e-5 * 1e-6 at the start; at 1500 the ramp has ended: 6e-5 * (1 - 1500 / 160000)
    recipe = TrainingRecipe()
    assert recipe.lr * learning_rate_factor(recipe, 0, 0) == pytest.approx(6e-11)
    done = progress(recipe, 1500, 0)
    assert recipe.lr * learning_rate_factor(recipe, 1500, done) == pytest.approx(5.94375e-5)


def test_lists_are_tuples():
    assert TrainingRecipe(crop=[64, 96]) == TrainingRecipe(crop=(64, 96))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"iterations": 0}, "iterations = 0 is out of range"),
        ({"minutes": -1.0}, "minutes = -1.0 is out of range"),
        ({"batch": 0}, "batch = 0 is out of range"),
        ({"crop": (16, 512)}, r"crop = \(16, 512\) is out of range"),
        ({"resize": (2.0, 0.5)}, r"resize = \(2.0, 0.5\) is out of range"),
        ({"lr": 0.0}, "lr = 0.0 is out of range"),
        ({"lr": float("nan")}, "lr = nan is out of range"),
        ({"crop": 512}, "crop = 512: expected two values"),
        ({"betas": (0.9,)}, r"betas = \(0.9,\): expected two values"),
        ({"betas": (0.9, 1.0)}, r"betas = \(0.9, 1.0\) is out of range"),
        ({"warmup_ratio": 2.0}, "warmup_ratio = 2.0 is out of range"),
        ({"power": -1.0}, "power = -1.0 is out of range"),
        ({"seed": -1}, "seed = -1 is out of range"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(values, message):
    with pytest.raises(OptionError, match=message):
        TrainingRecipe(**values)
