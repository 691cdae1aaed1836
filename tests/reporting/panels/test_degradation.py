"""CD and rCD on the page and in compare, against a case computed by hand."""

import numpy as np
import pytest
from fake_runs import write_run

from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.reporting.panels import read_panels
from robustbench_seg.results import Reference, compare_models, degradations, read_model

NOISES = ("gaussian_noise", "impulse_noise", "shot_noise", "speckle_noise")

# mIoU in percent at severities 0 (clean) to 5. Noise at 4 and 5 must not count.
MODEL = ((80, 70, 60, 50, 40, 30), (80, 60, 50, 40, 1, 2))
REFERENCE = ((90, 80, 70, 60, 50, 40), (90, 70, 50, 30, 90, 0))

# Sums of D = 100 - mIoU: 30 + 40 + 50 + 60 + 70 over 20 + 30 + 40 + 50 + 60; of noise
# 40 + 50 + 60 over 30 + 50 + 70.
CD = {"other": 100 * 250 / 200, "noise": 100 * 150 / 150}
# Sums of D - D(clean), that is D - 20 over D - 10: 10 + ... + 50 over 10 + ... + 50; of noise
# 20 + 30 + 40 over 20 + 40 + 60.
RCD = {"other": 100 * 150 / 150, "noise": 100 * 90 / 120}


@pytest.fixture
def folders(tmp_path):
    def write(name, levels):
        def score(corruption, severity, image):
            return levels[corruption in NOISES][severity]

        return write_run(tmp_path, name, score, images=2)

    return write("model", MODEL), write("reference", REFERENCE)


def test_the_page_s_columns(folders):
    (panel,) = read_panels(folders, reference="reference")
    rows = panel.degradation.set_index(panel.miou["model"])
    assert rows.loc["model", "CD"] == pytest.approx((12 * CD["other"] + 4 * CD["noise"]) / 16)
    assert rows.loc["model", "rCD"] == pytest.approx((12 * RCD["other"] + 4 * RCD["noise"]) / 16)
    assert rows.loc["reference", ["CD", "rCD"]].tolist() == pytest.approx([100, 100])
    assert rows.loc["model", "CD_fog"] == pytest.approx(CD["other"])
    assert rows.loc["model", "CD_shot_noise"] == pytest.approx(CD["noise"])


def test_the_rows_of_compare(folders):
    protocol = load_protocol()
    a, b = (read_model([folder], protocol) for folder in folders)
    table = compare_models(a, b, protocol, Reference.of_model(b)).set_index(["kind", "score"])["A"]
    for kind, by_hand in (("CD", CD), ("rCD", RCD)):
        for name in protocol.names:
            wanted = by_hand["noise" if name in NOISES else "other"]
            assert table[kind][name] == pytest.approx(wanted), (kind, name)
        assert table["summary"][kind] == pytest.approx(
            (12 * by_hand["other"] + 4 * by_hand["noise"]) / 16
        )


def test_a_reference_that_loses_almost_nothing_gives_no_ratio():
    scores = {"fog": np.array([60.0]), "snow": np.array([70.0])}
    reference = Reference("r", np.array(80.0), {"fog": np.array(79.5), "snow": np.array(79.0)})
    found = degradations(np.array([80.0]), scores, reference)
    cd, rcd = found["CD"], found["rCD"]
    assert np.isnan(rcd.perturbations["fog"]).all()  # 20 points against half a point: 4000 %
    assert rcd.perturbations["snow"].tolist() == [1000]
    assert cd.perturbations["fog"].tolist() == pytest.approx([100 * 40 / 20.5])
    assert np.isnan(rcd.mean).all()
