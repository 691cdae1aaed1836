"""Saved images of attacks: completed, shared, never mixed, never outside their folder."""

import numpy as np
import pytest

import robustbench_seg as rs
from robustbench_seg.errors import DatasetError, FileError, OptionError, ResultsError
from tests.evaluation.attacks.conftest import ABOUT, Shade
from tests.evaluation.conftest import Toy


def saved(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.npy")
    }


def test_saved_images_are_completed_and_never_mixed(evaluate, protocol, tmp_path):
    path, images = protocol("noise", "pgd"), tmp_path / "images"
    evaluate(Shade(), path)
    evaluate(Shade(), path, save_attacks=images)
    first = saved(images)
    assert len(first) == 3 * 4, "the rows were there already, the images were not"
    (images / "shade" / "pgd" / "2" / "val" / "1.npy").unlink()
    (images / "shade" / "pgd" / "1" / "val" / "1.npy").write_bytes(b"kept")
    evaluate(Shade(), path, save_attacks=images)
    second = saved(images)
    assert second.pop("shade/pgd/1/val/1.npy") == b"kept"
    assert second.items() <= first.items()
    assert len(second) == 11
    for options in ({"seeds": 1}, {"protocol": protocol("noise", "pgd", steps=5)}):
        with pytest.raises(ResultsError, match="shade holds images of other attacks; choose"):
            evaluate(Shade(), **({"protocol": path} | options), save_attacks=images)
    with pytest.raises(OptionError, match="attacked images of several seeds"):
        evaluate(Shade(), path, save_attacks=images, seeds=(0, 1))
    (tmp_path / "mine" / "shade").mkdir(parents=True)
    (tmp_path / "mine" / "shade" / "thesis.tex").touch()
    with pytest.raises(FileError, match=r"thesis\.tex exists and is not an image of these"):
        evaluate(Shade(), path, save_attacks=tmp_path / "mine")


def test_networks_share_the_saved_images_of_the_one_that_is_attacked(
    protocol, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shared.py").write_text(
        "from tests.evaluation.attacks.conftest import ABOUT, Shade\n"
        "import robustbench_seg as rs\n"
        "loaded = []\n"
        "def model():\n    loaded.append(1)\n"
        "    return rs.load_segmenter(Shade(), name='source', **ABOUT)\n"
    )
    made, made_by = [], rs.evaluation.images.attacker.perturb
    monkeypatch.setattr(
        "robustbench_seg.evaluation.images.attacker.perturb",
        lambda *args, **named: made.append(1) or made_by(*args, **named),
    )
    models = [
        rs.load_segmenter(Shade(weight), name=name, **ABOUT)
        for name, weight in (("a", 6.0), ("b", 9.0))
    ]
    images, path = tmp_path / "images", protocol("pgd")
    rs.evaluate(
        model=models,
        dataset=Toy(2),
        protocol=path,
        out=tmp_path / "runs",
        attack_from="python:shared:model",
        save_attacks=images,
        measures="confusion",
    )
    assert {name.split("/")[0] for name in saved(images)} == {"source"}
    assert len(saved(images)) == 4
    import shared

    assert shared.loaded == [1]
    hardest = 2 * 2
    assert 4 <= len(made) <= 4 + hardest


class Escaping(Toy):
    """Images whose ids lead out of a folder, or differ in their suffix only."""

    names = ("val/0.png",)

    @property
    def ids(self):
        return self.names


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("../../0.png",), "points outside its folder .*: its attacked image cannot be saved"),
        (("/tmp/0.png",), "points outside its folder .*: its attacked image cannot be saved"),
        (
            ("a.png", "a.jpg"),
            r"the attacked images of a\.png and a\.jpg would both be saved as a\.png",
        ),
    ],
)
def test_images_are_never_saved_outside_the_folder(evaluate, protocol, tmp_path, names, message):
    data = Escaping(len(names))
    data.names = names
    with pytest.raises(DatasetError, match=message):
        evaluate(Shade(), protocol("pgd"), dataset=data, save_attacks=tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()


def test_a_folder_that_cannot_be_written_stops_at_once(
    evaluate, protocol, tmp_path, monkeypatch, caplog
):
    path = protocol("noise", "pgd")
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be written"):
        evaluate(Shade(), path, save_attacks=tmp_path / "file" / "images")
    written, save = [], np.save

    def full(file, values):
        written.append(1)
        if len(written) == 4:
            raise OSError(28, "No space left on device")
        save(file, values)

    monkeypatch.setattr("robustbench_seg.evaluation.outputs.attack_folder.np.save", full)
    with pytest.raises(FileError, match="No space left on device; finished work is kept") as no:
        evaluate(Shade(), path, save_attacks=tmp_path / "images")
    assert "\n" not in str(no.value)
    assert len(written) == 4, "a full disk is not the network's failure"
    (run,) = (tmp_path / "runs").iterdir()
    rows = rs.read_results(run)
    assert list(rows["corruption"]) == ["clean", "noise", "noise", "pgd"]
