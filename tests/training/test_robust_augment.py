import numpy as np
import pytest

from robustbench_seg.datasets import Sample
from robustbench_seg.errors import OptionError
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.values.choices import Augmentation, choices
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training import robust_augment as R
from robustbench_seg.training.augment import augment


def picture(height=24, width=40):
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return np.kron(coarse, np.ones((8, 8, 1), np.uint8))


@pytest.mark.parametrize("name", R.AUGMENTATIONS)
class TestAll:
    def test_a_function_of_image_and_generator(self, name):
        image = picture()
        before = image.copy()
        views = [R.AUGMENTATIONS[name](image, np.random.default_rng(i)) for i in (1, 1, 2)]
        assert views[0].shape == image.shape
        assert views[0].dtype == np.uint8
        assert np.array_equal(views[0], views[1])
        assert not np.array_equal(views[0], views[2])
        assert np.array_equal(image, before)

    def test_edges_stay_where_they_are(self, name):
        # Left half dark, right half bright: a view has no other edge.
        image = np.full((16, 64, 3), 60, np.uint8)
        image[:, 32:] = (190, 160, 210)
        for seed in range(20):
            view = R.AUGMENTATIONS[name](image, np.random.default_rng(seed)).astype(int)
            steps = np.abs(np.diff(view, axis=1)).max(axis=(0, 2))
            assert max(*steps[:28], *steps[35:]) <= 1  # half of the largest kernel

    def test_a_recipe_applies_it_behind_the_others(self, name):
        image = picture(32, 40)
        sample = Sample("a", image, image[..., 0] % 5)
        plain = TrainingRecipe(crop=(32, 40), resize=(1, 1), flip=0, photometric=False)
        asked = TrainingRecipe(
            crop=(32, 40), resize=(1, 1), flip=0, photometric=False, augment=name
        )
        views = [
            augment(sample.image, sample.labels, recipe, (0, 0, 0), np.random.default_rng(1))
            for recipe in (plain, asked)
        ]
        assert np.array_equal(views[0][0], image)
        assert not np.array_equal(views[1][0], image)
        assert np.array_equal(views[0][1], views[1][1])


class Scripted:
    """A generator with given draws."""

    def __init__(self, **answers):
        self.answers = answers

    def __getattr__(self, name):
        return lambda *_: self.answers[name].pop(0)


def test_augmix_by_hand():
    image = np.array([[[10, 200, 90], [100, 250, 30]]], np.uint8)
    # The first chain posterizes to 3 bits (x & 0xE0), the second solarizes from 256 - 51 (inverts
    # levels above), the third has weight 0. The result is two fifths of their mixture.
    rng = Scripted(
        dirichlet=[np.array([0.25, 0.75, 0.0])],
        integers=[1, 2, 1, 3, 1, 0],
        uniform=[2.6, 2.0],
        beta=[0.4],
    )
    posterized = np.array([[[0, 192, 64], [96, 224, 0]]])
    solarized = np.array([[[10, 200, 90], [100, 5, 30]]])
    expected = 0.6 * image + 0.4 * (0.25 * posterized + 0.75 * solarized)
    assert np.array_equal(R.augmix(image, rng), np.rint(expected).astype(np.uint8))


def test_random_convolution_of_one_pixel_is_a_matrix_of_colours():
    image = picture()
    rng = np.random.default_rng(0)
    matrix = rng.normal(0, 1 / np.sqrt(3), (3, 3, 1, 1))

    class Fixed:
        def choice(self, _):
            return 1

        def normal(self, mean, deviation, shape):
            assert (mean, deviation, shape) == (0.0, pytest.approx(3**-0.5), (3, 3, 1, 1))
            return matrix

        def random(self):
            return 0.7

    filtered = (image - 127.5) @ matrix[..., 0, 0].T + 127.5
    expected = np.clip(0.3 * image + 0.7 * filtered, 0, 255)
    np.testing.assert_allclose(R.random_convolution(image, Fixed()), expected, atol=0.51)


def test_no_operation_is_a_corruption_of_a_protocol():
    names = set(load_protocol("cityscapes-c").names)
    assert names
    assert not names & {"autocontrast", "equalize", "posterize", "solarize", *R.AUGMENTATIONS}


def test_unknown_augmentations_are_refused():
    with pytest.raises(OptionError, match="unknown augmentation 'augmx'; did you mean 'augmix'"):
        TrainingRecipe(augment="augmx")


def test_the_augmentations_of_a_recipe_are_those_of_the_program():
    assert choices(Augmentation) == tuple(R.AUGMENTATIONS)
