"""Attacks in an evaluation: what is scored, kept, saved, shared and refused."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import robustbench_seg as rs
from robustbench_seg.attacks import perturb
from robustbench_seg.cli.main import main
from robustbench_seg.errors import (
    AttackError,
    CardError,
    CorruptionError,
    ModelError,
    OptionError,
)
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.values.shard import Shard
from robustbench_seg.results import read_model
from tests.evaluation.attacks.conftest import ABOUT, MEMBERS, Shade, accuracy
from tests.evaluation.conftest import CLASSES, Toy


def test_the_images_that_are_scored_are_those_that_perturb_makes(evaluate, protocol, tmp_path):
    path = protocol("noise", "pgd")
    (run,) = evaluate(Shade(), path, save_attacks=tmp_path / "images")
    data, segmenter = Toy(3), rs.load_segmenter(Shade(), name="shade", **ABOUT)
    parameters = rs.load_protocol(path).perturbation("pgd").parameters[1]
    rows = run.results().set_index(["image", "corruption", "severity"])["matrix"]
    for index, name in enumerate(data.ids):
        sample = data[index]
        image = torch.from_numpy(sample.image).permute(2, 0, 1).float() / 255
        truth = torch.from_numpy(sample.labels.astype(np.int64))
        found = perturb(
            *(segmenter.loss_gradient, image, truth, "pgd", parameters), seed=0, image_id=name
        )
        saved = np.load(tmp_path / "images" / "shade" / "pgd" / "2" / f"{name[:-4]}.npy")
        np.testing.assert_array_equal(saved, found.image.permute(1, 2, 0).numpy())
        assert saved.dtype == np.float32
        assert np.abs(saved - sample.image / 255).max() <= 64 / 255 + 1e-6
        logits, _ = segmenter.loss_gradient(found.image, lambda x: x.sum())
        labels, valid = logits.argmax(0).numpy(), sample.labels != 255
        expected = np.zeros((3, 3), np.int64)
        np.add.at(expected, (sample.labels[valid], labels[valid]), 1)
        np.testing.assert_array_equal(rows[name, "pgd", 2], expected)


def test_attacks_hurt_more_than_noise_of_the_same_radius(evaluate, protocol):
    (run,) = evaluate(Shade(), protocol("noise", "pgd"))
    for severity in (1, 2):
        clean, noise, pgd = (
            *(accuracy(run, "clean"), accuracy(run, "noise", severity)),
            accuracy(run, "pgd", severity),
        )
        assert pgd < noise <= clean + 0.01
    assert accuracy(run, "pgd", 2) < accuracy(run, "pgd", 1)


def test_a_radius_of_0_gives_the_clean_score_to_the_bit(evaluate, protocol):
    (run,) = evaluate(Shade(), protocol("noise", "pgd", low=0, high=1))
    rows = run.results().set_index(["image", "corruption", "severity"])
    for image in Toy(3).ids:
        for measure in ("matrix", "confidence"):
            clean = rows.loc[(image, "clean", 0), measure]
            np.testing.assert_array_equal(clean, rows.loc[(image, "pgd", 1), measure])


def test_sea_comes_from_its_members_and_is_below_each(evaluate, protocol, shares, blank_figures):
    path = protocol(*MEMBERS, "sea")
    (run,) = evaluate(Shade(), path, corruptions="sea", class_frequencies=shares)
    scores = rs.scores(run.path, path)
    cells = scores[scores["metric"].eq("miou") & scores["severities"].eq("2")]
    cells = cells.set_index("corruption")["value"]
    assert cells["sea"] <= min(cells[list(MEMBERS)])
    assert accuracy(run, "sea", 2) <= 1
    table = rs.report([run.path], out=run.path.parent / "page", protocol=path)
    assert "sea" in table.read_text()


def test_resume_computes_what_is_missing_and_a_seed_is_another_run(evaluate, protocol):
    path = protocol("noise", "pgd")
    (part,) = evaluate(Shade(), path, severities=1)
    (whole,) = evaluate(Shade(), path)
    assert part.path == whole.path
    (at_once,) = evaluate(Shade(), path, out=part.path.parent / "other")
    one, other = whole.results(), at_once.results()
    for a, b in zip(one["matrix"], other["matrix"], strict=True):
        np.testing.assert_array_equal(a, b)
    (drawn,) = evaluate(Shade(), path, seeds=1)
    assert drawn.path != whole.path
    assert accuracy(drawn, "noise", 2) != accuracy(whole, "noise", 2)


def test_a_transferred_attack_is_weaker_and_names_its_source(protocol, tmp_path, monkeypatch):
    path = protocol("noise", "pgd")
    own = rs.load_segmenter(Shade(), name="own", **ABOUT)
    settings = {"dataset": Toy(3), "protocol": path, "out": tmp_path / "runs"}
    (white,) = rs.evaluate(model=own, **settings)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "surrogate.py").write_text(
        "import torch\nfrom tests.evaluation.attacks.conftest import ABOUT, Shade\n"
        "import robustbench_seg as rs\n"
        "def model():\n    return rs.load_segmenter(Shade(-8.0), name='source', **ABOUT)\n"
    )
    (black,) = rs.evaluate(model=own, attack_from="python:surrogate:model", **settings)
    assert accuracy(white, "pgd", 2) < accuracy(black, "pgd", 2)
    record = read_record(black.path)
    assert record.key.attack.surrogate.weights != record.key.segmenter.weights
    stored = json.loads((black.path / "run.json").read_text())
    assert "attack" in json.dumps(stored["key"])
    (difference,) = [
        each
        for each in record.differences(read_record(white.path))
        if each.name == "the attacked network"
    ]
    assert difference.kind == "corruption"


def test_rounded_images_are_scored_as_bytes(evaluate, protocol):
    path = protocol("noise", "pgd", low=2, high=64)
    (exact,), (rounded,) = (evaluate(Shade(), path, round_attacks=on) for on in (False, True))
    assert exact.path != rounded.path
    assert read_record(rounded.path).key.attack.is_rounded
    assert accuracy(rounded, "pgd", 2) == pytest.approx(accuracy(exact, "pgd", 2), abs=0.05)


@pytest.mark.parametrize(
    ("names", "options", "error", "message"),
    [
        (
            ["pgd"],
            {"corrupted": "tree"},
            OptionError,
            "attacked images are computed for each network",
        ),
        (
            ["pgd"],
            {"precision": "bf16"},
            OptionError,
            "attacks need a gradient, which precision bf16 does not give; leave out precision, or",
        ),
        (["pgd"], {"augment": "flip"}, OptionError, "which augment flip does not give; leave out"),
        (
            ["apgd_mce_bal"],
            {},
            AttackError,
            "apgd_mce_bal balances the classes; count their pixels",
        ),
        (["nothing"], {}, AttackError, "unknown attack 'nothing'"),
        (["sea"], {}, CardError, "sea is the worst of apgd_mce_bal, .*; add apgd_mce_bal at sev"),
    ],
)
def test_what_cannot_be_attacked_is_one_line(evaluate, protocol, names, options, error, message):
    with pytest.raises(error, match=message) as caught:
        evaluate(Shade(), protocol(*names), **options)
    assert "\n" not in str(caught.value)


def test_it_is_refused_before_a_model_is_loaded(evaluate, protocol):
    path = protocol("pgd")
    with pytest.raises(ModelError, match="there is no such file"):
        evaluate("exported:none.pt", path)
    for option, value in (("precision", "fp16"), ("backend", "openvino")):
        with pytest.raises(OptionError, match=f"which {option} {value} does not give; leave out"):
            evaluate("exported:none.pt", path, **{option: value})
    path.write_text(path.read_text().replace("steps = 4", "stepps = 4"))
    with pytest.raises(AttackError, match="stepps"):
        evaluate("exported:none.pt", path)


def test_an_ensemble_has_the_radii_of_its_members(evaluate, protocol, shares):
    path = protocol(*MEMBERS, "sea")
    for old, new, message in (
        (
            "{ epsilon = 64 }",
            "{ epsilon = 4 }",
            "sea at severity 2 has epsilon = 4, but its member",
        ),
        (
            "{ epsilon = 64 }",
            "{ epsilon = 64, steps = 4 }",
            "sea at severity 2 takes only the parameter epsilon",
        ),
    ):
        other = path.with_name("other.toml")
        other.write_text(path.read_text().replace(old, new))
        with pytest.raises(CardError, match=message):
            evaluate(Shade(), other, class_frequencies=shares)


def test_an_ensemble_needs_its_members_at_each_severity(evaluate, protocol, shares):
    path = protocol(*MEMBERS, "sea")
    start, end = path.read_text().rsplit("{ epsilon = 64 }", 1)
    path.write_text(f"{start}{{ epsilon = 64 }}, {{ epsilon = 99 }}{end}")
    with pytest.raises(CardError, match=r"sea is the worst of .*; add apgd_mce_bal at severity 3"):
        evaluate(Shade(), path, severities=3, class_frequencies=shares)


def test_the_frequencies_are_in_the_key_whatever_is_asked_for(evaluate, protocol, shares):
    path = protocol("noise", *MEMBERS)
    options = {"class_frequencies": shares}
    (clean,) = evaluate(Shade(), path, corruptions="clean", **options)
    (noise,) = evaluate(Shade(), path, corruptions="noise", **options)
    assert clean.path == noise.path
    with pytest.raises(OptionError, match="class_frequencies: no attack of the protocol toy-att"):
        evaluate(Shade(), protocol("pgd"), **options)


def test_the_attacked_network_runs_as_itself(protocol, tmp_path, monkeypatch):
    """Precisions and runtimes without gradients are scored on the images of another network."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "several.py").write_text(
        "from tests.evaluation.attacks.conftest import ABOUT, Shade\n"
        "import robustbench_seg as rs\n"
        "def source():\n    return rs.load_segmenter(Shade(), name='source', **ABOUT)\n"
        "def other():\n    about = ABOUT | {'classes': ('middle', 'dark', 'bright')}\n"
        "    return rs.load_segmenter(Shade(), name='other', **about)\n"
        "def blind():\n"
        "    return rs.load_segmenter(lambda image: image[..., 0] // 86, name='blind',\n"
        "                             classes=ABOUT['classes'], version='1')\n"
    )
    settings = {"dataset": Toy(1), "protocol": protocol("pgd"), "out": tmp_path / "runs"}
    settings |= {"model": Shade(), "name": "scored", "severities": 2, **ABOUT}
    from_source = {"attack_from": "python:several:source", "precision": "bf16"}
    (run,) = rs.evaluate(**settings, **from_source)
    key = read_record(run.path).key
    assert (key.segmenter.precision, key.attack.surrogate.precision) == ("bf16", "float32")
    with pytest.raises(ModelError, match="attack_from: the classes of other are not those of toy"):
        rs.evaluate(**settings, attack_from="python:several:other")
    for asked in ("clean", "pgd"):
        with pytest.raises(ModelError, match="attack_from: blind cannot be attacked: "):
            rs.evaluate(**settings, attack_from="python:several:blind", corruptions=asked)


def test_shards_give_the_ensemble_of_the_whole(evaluate, protocol, shares):
    path, options = protocol(*MEMBERS, "sea"), {"class_frequencies": shares, "dataset": Toy(6)}
    (part,) = evaluate(Shade(), path, shard=Shard(1, 2), **options)
    assert accuracy_of_all(part, "sea") is None, "half of the images choose nothing"
    (whole,) = evaluate(Shade(), path, shard=Shard(2, 2), **options)
    (at_once,) = evaluate(Shade(), path, out=whole.path.parent / "other", **options)
    assert accuracy_of_all(whole, "sea") == accuracy_of_all(at_once, "sea")


def accuracy_of_all(run, name):
    rows = run.results()
    chosen = rows[(rows["corruption"] == name) & rows["matrix"].notna()]
    return np.sum(list(chosen["matrix"]), axis=0).tolist() if len(chosen) else None


def test_each_seed_draws_the_attacks_anew(evaluate, protocol, capsys):
    path = protocol("noise", "fgsm", "pgd")
    first, second = evaluate(Shade(), path, seeds=(0, 3), progress=True)
    assert "seed 0: 3 attacks\n" in (err := capsys.readouterr().err)
    assert "seed 3: 2 attacks\n" in err
    (alone,) = evaluate(Shade(), path, seeds=3, out=first.path.parent / "alone")
    assert alone.path.name == second.path.name
    assert set(second.results()["corruption"]) == {"clean", "noise", "pgd"}
    for name in ("noise", "pgd"):
        assert accuracy(second, name, 2) == accuracy(alone, name, 2)
    assert accuracy(second, "noise", 2) != accuracy(first, "noise", 2)
    means = read_model([first.path, second.path], rs.load_protocol(path)).seed_means
    assert set(means) == {0, 3}
    with pytest.raises(OptionError, match="none of these attacks draws random numbers"):
        evaluate(Shade(), protocol("fgsm"), seeds=(0, 1))


def test_rounding_is_refused_where_it_undoes_the_attack(evaluate, protocol):
    with pytest.raises(AttackError, match=r"rounding to 8 bits undoes pgd at severity 1, whose"):
        evaluate(Shade(), protocol("pgd", low=0.5, high=8), round_attacks=True)
    evaluate(Shade(), protocol("pgd", low=0.5, high=8), round_attacks=True, severities=2)


def test_a_radius_in_l2_is_no_number_of_levels(evaluate, protocol):
    path = protocol("fgsm_l2", low=0.3, high=0.5).read_text().replace(", steps = 4", "")
    (folder := protocol("fgsm_l2").with_name("l2.toml")).write_text(path)
    (run,) = evaluate(Shade(), folder, round_attacks=True)
    assert read_record(run.path).key.attack.is_rounded


def test_a_callable_has_no_gradients(evaluate, protocol):
    def red(image):
        return np.minimum(image[..., 0] // 86, 2)

    with pytest.raises(ModelError, match=r"red cannot be attacked: .*; attack another"):
        evaluate(red, protocol("pgd"), name="red", classes=CLASSES, version="1")


def test_options_of_attacks_need_an_attack(evaluate):
    with pytest.raises(
        OptionError, match="round_attacks is for attacks, but the protocol has none"
    ):
        evaluate(Shade(), "cityscapes-c", corruptions="fog", severities=1, round_attacks=True)


def test_attacks_need_a_network_and_labels(tmp_path):
    with pytest.raises(
        CorruptionError, match=r"pgd is an attack, which needs a network .*evaluate"
    ):
        rs.corrupt(np.zeros((64, 64, 3), np.uint8), "pgd", 1)
    made = ["generate-cityscapes-c", "--dataset", "minicity", "--protocol", "attacks"]
    result = CliRunner().invoke(main, [*made, "--out", str(tmp_path / "tree")])
    assert result.exit_code == 2
    assert "noise is an attack, which needs a network and the true labels" in result.output
    assert not (tmp_path / "tree").exists()
