"""The contact sheet shows the results of corrupt, in rows and columns."""

import numpy as np

from robustbench_seg.corruption import corrupt
from robustbench_seg.corruption.preview import contact_sheet
from robustbench_seg.records.cards.protocol import load_protocol


def test_every_cell_is_the_photo_corrupted_so():
    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    protocol = load_protocol()
    sheet = np.asarray(contact_sheet(photo, protocol, seed=2))
    left, top = sheet.shape[1] - 5 * 64, sheet.shape[0] - 16 * 44
    names = left - 64  # the clean photo comes first
    for row, spec in enumerate(protocol.perturbations):
        np.testing.assert_array_equal(sheet[top + row * 44 :, names:][:40, :60], photo)
        for column in range(5):
            y, x = top + row * 44, left + column * 64
            np.testing.assert_array_equal(
                sheet[y : y + 40, x : x + 60], corrupt(photo, spec.name, column + 1, seed=2)
            )
    assert (sheet[:, :names] < 128).any(axis=(1, 2)).sum() > 16 * 8  # names next to the rows


def test_wide_photos_are_shrunk_after_they_are_corrupted():
    photo = np.random.default_rng(0).integers(0, 256, (32, 640, 3), np.uint8)
    protocol = load_protocol()
    one = protocol.__class__("one", "1", "test", (protocol.perturbation("contrast"),))
    sheet = np.asarray(contact_sheet(photo, one))
    wanted = corrupt(photo, "contrast", 5).reshape(16, 2, 320, 2, 3).mean(axis=(1, 3))
    cell = sheet[-20:-4, -324:-4].astype(float)
    assert np.abs(cell - wanted).max() <= 1
