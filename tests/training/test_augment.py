import colorsys

import cv2
import numpy as np
import pytest

from robustbench_seg.records.values.preprocessing import Resize
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training import augment as A

FILL = (124, 116, 104)


def coded(height, width, classes=12):
    """Labels in blocks of 16x16, and an image whose three channels are 20 times the label."""
    rng = np.random.default_rng(5)
    blocks = rng.integers(0, classes, (height // 16 + 1, width // 16 + 1), np.uint8)
    labels = np.kron(blocks, np.ones((16, 16), np.uint8))[:height, :width]
    return np.repeat(labels[..., None] * np.uint8(20), 3, axis=2), labels


class TestWholeView:
    @pytest.mark.parametrize("seed", range(8))
    def test_labels_stay_on_their_pixels(self, seed):
        image, labels = coded(90, 130)
        recipe = TrainingRecipe(crop=(64, 80), photometric=False)
        view, truth = A.augment(image, labels, recipe, FILL, np.random.default_rng(seed))
        assert view.shape == (64, 80, 3)
        assert truth.shape == (64, 80)
        assert view.dtype == truth.dtype == np.uint8
        scored = truth != 255
        assert (view[~scored] == FILL).all()
        # Nearest and bilinear interpolation differ only at the edges of blocks.
        same = view[scored][:, 0] == truth[scored] * np.uint8(20)
        assert same.mean() > 0.75
        off_by_one = np.roll(truth, 8, axis=1)[scored] * np.uint8(20) == view[scored][:, 0]
        assert same.mean() > off_by_one.mean() + 0.2

    def test_one_seed_one_view(self):
        image, labels = coded(90, 130)
        recipe = TrainingRecipe(crop=(64, 80))
        first, again, other = (
            A.augment(image, labels, recipe, FILL, np.random.default_rng(seed))
            for seed in (1, 1, 2)
        )
        assert np.array_equal(first[0], again[0])
        assert np.array_equal(first[1], again[1])
        assert not np.array_equal(first[0], other[0])

    def test_an_image_is_fitted_into_what_the_card_says_before_it_is_scaled(self):
        image, labels = coded(90, 120)
        recipe = TrainingRecipe(crop=(96, 128), resize=(1.5, 1.5), flip=0, photometric=False)
        view, truth = A.augment(
            image, labels, recipe, FILL, np.random.default_rng(0), Resize(short=64, long=64)
        )
        # 90x120 scaled to fit 64x64 is 48x64; 1.5 times that is 72x96.
        assert np.array_equal(view[:72, :96], cv2.resize(image, (96, 72)))
        assert (truth[:72, :96] != 255).all()
        assert (truth[72:] == 255).all()
        assert (truth[:, 96:] == 255).all()

    def test_the_source_is_left_alone(self):
        image, labels = coded(90, 130)
        before = image.copy(), labels.copy()
        recipe = TrainingRecipe(crop=(64, 80), resize=(1, 1))
        for seed in range(4):
            A.augment(image, labels, recipe, FILL, np.random.default_rng(seed))
        assert np.array_equal(image, before[0])
        assert np.array_equal(labels, before[1])

    @pytest.mark.parametrize(("flip", "mirrored"), [(0.0, False), (1.0, True)])
    def test_flip_mirrors_both(self, flip, mirrored):
        image, labels = coded(64, 96)
        recipe = TrainingRecipe(crop=(64, 96), resize=(1, 1), flip=flip, photometric=False)
        view, truth = A.augment(image, labels, recipe, FILL, np.random.default_rng(0))
        step = -1 if mirrored else 1
        assert np.array_equal(view, image[:, ::step])
        assert np.array_equal(truth, labels[:, ::step])

    def test_half_are_flipped(self):
        image, labels = coded(32, 48)
        recipe = TrainingRecipe(crop=(32, 48), resize=(1, 1), photometric=False)
        views = [
            A.augment(image, labels, recipe, FILL, np.random.default_rng(i)) for i in range(200)
        ]
        flipped = sum(np.array_equal(truth, labels[:, ::-1]) for _, truth in views)
        assert 75 <= flipped <= 125


def test_resize_keeps_classes_and_rounds_the_size():
    image, labels = coded(90, 131, classes=2)
    image, labels = A.resize(image, labels * np.uint8(200), 0.51)
    assert image.shape == (46, 67, 3)
    assert labels.shape == (46, 67)
    assert set(np.unique(labels)) == {0, 200}  # nothing between two classes
    assert len(np.unique(image)) > 2


class TestCrop:
    def test_windows_lie_anywhere(self):
        labels = np.arange(20 * 30, dtype=np.int64).reshape(20, 30) % 251
        image = np.repeat(labels[..., None].astype(np.uint8), 3, axis=2)
        rng = np.random.default_rng(0)
        corners = set()
        for _ in range(600):
            _, window = A.crop(image, labels.astype(np.uint8), (18, 28), 1.0, rng)
            corners.add(int(window[0, 0]))
        assert corners == {top * 30 + left for top in range(3) for left in range(3)}

    def test_one_class_may_not_fill_the_crop(self):
        # A strip of class 1 on the left, class 0 elsewhere: few windows have enough of both.
        labels = np.zeros((40, 400), np.uint8)
        labels[:, :40] = 1
        image = np.zeros((40, 400, 3), np.uint8)

        def kept(ratio):
            rng = np.random.default_rng(3)
            windows = [A.crop(image, labels, (40, 40), ratio, rng)[1] for _ in range(300)]
            return np.mean([np.bincount(w.ravel()).max() < 0.75 * w.size for w in windows])

        # About 19 of the 361 places fit (4 < left < 30); eleven tries find one about half the time.
        assert kept(1.0) < 0.12
        assert 0.3 < kept(0.75) < 0.7

    def test_ignored_pixels_do_not_count(self):
        # All but a sixteenth is ignored; each class has half of the scored pixels.
        labels = np.full((16, 16), 255, np.uint8)
        labels[0, :8], labels[1, :8] = 0, 1
        image = np.zeros((16, 16, 3), np.uint8)

        class Counting:
            draws = 0

            def integers(self, _):
                self.draws += 1
                return 0

        rng = Counting()
        A.crop(image, labels, (16, 16), 0.75, rng)
        assert rng.draws == 2  # one try: top and left
        labels[1] = 0
        rng = Counting()
        A.crop(image, labels, (16, 16), 0.75, rng)
        assert rng.draws == 22  # one try, and ten more

    def test_a_small_image_is_kept_whole(self):
        image, labels = coded(20, 50)
        part, truth = A.crop(image, labels, (64, 40), 1.0, np.random.default_rng(0))
        assert part.shape == (20, 40, 3)
        assert truth.shape == (20, 40)


def test_padding_is_ignored_and_lies_below_and_right():
    image, labels = coded(20, 30)
    padded, truth = A.pad(image, labels, (32, 48), FILL)
    assert np.array_equal(padded[:20, :30], image)
    assert np.array_equal(truth[:20, :30], labels)
    assert (padded[20:] == FILL).all()
    assert (padded[:, 30:] == FILL).all()
    assert (truth[20:] == 255).all()
    assert (truth[:, 30:] == 255).all()


class TestDistort:
    def views(self, colour, count=400):
        image = np.full((1, 1, 3), colour, np.uint8)
        return np.array(
            [A.distort(image, np.random.default_rng(i))[0, 0] for i in range(count)], float
        )

    def test_grey_moves_within_brightness_and_contrast(self):
        seen = self.views((100, 100, 100))
        assert (seen.max(axis=1) - seen.min(axis=1)).max() <= 1  # grey stays grey
        low, high = (100 - 32) * 0.5, (100 + 32) * 1.5
        assert low - 2 <= seen.min() < low + 15
        assert high - 15 < seen.max() <= high + 2
        # A quarter changes neither in brightness nor in contrast.
        assert 0.15 < (seen[:, 0] == 100).mean() < 0.35

    def test_hue_and_saturation_stay_in_their_ranges(self):
        colour = (160, 100, 80)
        hue, saturation, _ = colorsys.rgb_to_hsv(*(value / 255 for value in colour))
        seen = np.array([colorsys.rgb_to_hsv(*(value / 255)) for value in self.views(colour)])
        turn = (seen[:, 0] - hue + 0.5) % 1 - 0.5
        # 36 degrees, plus rounding to uint8
        assert 0.07 < turn.max() < 0.115
        assert -0.115 < turn.min() < -0.07
        assert seen[:, 1].min() < 0.7 * saturation
        assert seen[:, 1].max() > 1.3 * saturation

    def test_dark_and_bright_do_not_wrap(self):
        assert self.views((0, 0, 0)).max() <= 32 * 1.5 + 1
        assert self.views((255, 255, 255)).min() >= (255 - 32) * 0.5 - 1
