"""The sentence on where a model fails claims a fall only if both scores fall significantly."""

from types import SimpleNamespace

import numpy as np
import pytest

from robustbench_seg.reporting.panels.failures import failure_sentences


def panel_of(
    near: tuple[float, float], far: tuple[float, float], spread: float = 0.01
) -> SimpleNamespace:
    """A panel of one model that has these two scores, each on clean and on corrupted images.

    The clean scores vary by `spread` between the draws of images.
    """
    chance = np.concatenate([[0], np.random.default_rng(0).normal(size=1000), np.zeros(1000)])
    scores = {
        key: SimpleNamespace(
            summary=SimpleNamespace(clean=clean + spread * chance, mean=np.full(2001, mean))
        )
        for key, (clean, mean) in (("boundary_miou_4", near), ("interior_miou_4", far))
    }
    found = SimpleNamespace(by_key=scores, trainings_text=lambda key: None, units=12, degrees=0)
    words = SimpleNamespace(noun="corruption")
    return SimpleNamespace(
        complete=[SimpleNamespace(name="mine", scores=found)],
        protocol=SimpleNamespace(words=words),
    )


@pytest.mark.parametrize(
    ("near", "far", "verb"),
    [
        ((6.5, 6.4), (9.0, 8.0), "falls"),
        ((6.5, 6.6), (9.0, 8.0), "changes"),
        ((6.5, 6.4), (9.0, 9.0), "changes"),
        ((6.54, 6.46), (9.0, 8.0), "changes"),
    ],
)
def test_a_score_falls_only_if_the_shown_number_is_lower(near, far, verb):
    (text,) = failure_sentences(panel_of(near, far))
    assert text == (
        f"Near class boundaries the mIoU of mine {verb} from {near[0]:.1f} on clean images to "
        f"{near[1]:.1f}, elsewhere from {far[0]:.1f} to {far[1]:.1f}."
    )


def test_a_fall_by_chance_is_a_change():
    (text,) = failure_sentences(panel_of((6.5, 6.4), (9.0, 8.0), spread=1.0))
    assert text.startswith("Near class boundaries the mIoU of mine changes from 6.5 on clean")
