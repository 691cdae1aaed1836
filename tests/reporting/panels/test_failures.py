"""The sentence on where a model fails claims a fall only if both scores fall."""

from types import SimpleNamespace

import numpy as np
import pytest

from robustbench_seg.reporting.panels.failures import failure_sentences


def panel_of(near: tuple[float, float], far: tuple[float, float]) -> SimpleNamespace:
    """A panel of one model that has these two scores, each on clean and on corrupted images."""
    scores = {
        key: SimpleNamespace(
            summary=SimpleNamespace(clean=np.array([clean]), mean=np.array([mean]))
        )
        for key, (clean, mean) in (("boundary_miou_4", near), ("interior_miou_4", far))
    }
    found = SimpleNamespace(by_key=scores, trainings_text=lambda key: None)
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
