import shlex
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from robustbench_seg.ablation import list_ablations, load_ablation, published_score
from robustbench_seg.ablation.steps import Plan
from robustbench_seg.analysis import shape_of
from robustbench_seg.cli.ablation import _how_far
from robustbench_seg.cli.main import main
from robustbench_seg.records.model_card import load_card


def run(*arguments: str):
    return CliRunner().invoke(main, ["study", *arguments])


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", list_ablations())
def test_the_plan_is_made_of_commands_that_exist(name, full, tmp_path):
    done = run(name, "--dry-run", "--out", str(tmp_path / "o"), *(["--full"] if full else []))
    assert done.exit_code == 0, done.output
    lines = [line for line in done.output.splitlines() if line.startswith("robustseg ")]
    kinds = [line.split()[1] for line in lines]
    data = {"width": "ade20k", "positions": "cityscapes", "encoders": "ade20k"}[name]
    assert done.output.count(f"--dataset {data if full else 'minicity'} ") == len(lines) - 1
    ablation = load_ablation(name)
    tests = sum(1 + bool(variant.windows_row) for variant in ablation.variant)
    assert kinds.count("train") == len(ablation.variant)
    assert kinds.count("evaluate") == tests
    assert kinds[-1] == "report"
    for line in lines:
        _, command, *arguments = shlex.split(line)
        main.commands[command].make_context(command, arguments)
    steps = {"width": 40_000, "positions": 160_000, "encoders": 40_000}[name] if full else 1_000
    assert done.output.count(f"--iterations={steps} ") == len(ablation.variant)
    assert not (tmp_path / "o").exists()


def test_the_paper_s_scores_are_those_of_its_tables():
    # Tables 1b, 1c and 1d as printed.
    wanted = {
        "width": {"c256": 44.9, "c512": 45.0, "c768": 45.4, "c1024": 45.2, "c2048": 45.6},
        "positions": {"mix-ffn": 79.8, "positions": 74.0},
        "encoders": {
            "resnet50": 34.7,
            "resnet101": 38.7,
            "resnext101": 39.8,
            "mit-s4": 43.1,
            "mit": 45.4,
        },
    }
    for name, scores in wanted.items():
        ablation = load_ablation(name)
        found = {
            variant.name: published_score(ablation.table, variant.row, ablation.score)
            for variant in ablation.variant
        }
        assert found == scores
    windows = [variant.windows_row for variant in load_ablation("positions").variant]
    found = [published_score("segformer_table1c", row, "cityscapes_miou") for row in windows]
    assert found == [80.5, 77.3]
    assert published_score("segformer_table1b", {"decoder_channels": "7"}, "ade20k_miou") is None


def test_full_size_networks_have_the_paper_s_parameters():
    millions = {
        "c256": 24.7,
        "c512": 25.8,
        "c768": 27.5,
        "c1024": 29.6,
        "c2048": 43.4,
        "resnet50": 29.0,
        "resnet101": 47.9,
        "resnext101": 86.8,
        "mit-s4": 24.7,
    }
    for name in ("width", "encoders"):
        ablation = load_ablation(name)
        for variant in ablation.variant:
            network = shape_of(ablation.card(variant, full=True))
            counted = sum(parameter.numel() for parameter in network.parameters()) / 1e6
            if variant.name in millions:
                assert counted == pytest.approx(millions[variant.name], abs=0.07)


def test_the_paper_s_data_is_seen_as_the_paper_s_models_see_it():
    # ADE20K is fitted into 512x2048 in training and test, Cityscapes is as it is.
    for name, wanted in (("width", (512, 2048)), ("encoders", (512, 2048)), ("positions", None)):
        ablation = load_ablation(name)
        for variant in ablation.variant:
            resize = ablation.card(variant, full=True).resize
            assert (resize and (resize.short, resize.long)) == wanted
            assert ablation.card(variant, full=False).resize is None


def test_positions_are_learnt_at_the_size_of_the_crop():
    ablation = load_ablation("positions")
    grids = [
        ablation.card(v, full).variant.get("position_grid")
        for full in (True, False)
        for v in ablation.variant
    ]
    assert grids == [None, [768, 768], None, [128, 128]]


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("width", set()),
        ("positions", {"positions"}),
        ("encoders", {"resnet50", "resnet101", "resnext101"}),
    ],
)
def test_an_encoder_goes_where_it_fits(name, drawn, tmp_path):
    # What begins from nothing cannot take MiT's tensors; all others can, into a whole network.
    ablation = load_ablation(name)
    mit = set(
        shape_of(load_card(f"segformer-{ablation.small.settings['size']}")).backbone.state_dict()
    )
    for variant in ablation.variant:
        wanted = set(shape_of(ablation.card(variant, full=False)).backbone.state_dict())
        assert (wanted == mit) == (variant.name not in drawn)
    done = run(name, "--dry-run", "--encoder", "mit.pth", "--out", str(tmp_path / "o"))
    begun = {plan["--name"]: plan.get("--encoder") for plan in trainings(done)}
    told = {
        variant.name: None if variant.name in drawn else "mit.pth" for variant in ablation.variant
    }
    assert begun == told
    assert done.output.count("; its encoder from nothing") == len(drawn)
    assert done.output.count("; its encoder from mit.pth") == len(told) - len(drawn)


def trainings(done):
    """The options of each training of a plan."""
    lines = [line for line in done.output.splitlines() if " train --model " in line]
    words = [shlex.split(line) for line in lines]
    return [dict(pairwise(line[line.index("train") + 1 :])) for line in words]


def test_an_encoder_can_be_named_for_one_network(tmp_path):
    weights = (
        "--encoder",
        "mit.pth",
        "--encoder",
        "resnet50=r50=v1.pth",
        "--encoder",
        "mit-s4=s.pth",
    )
    done = run("encoders", "--dry-run", *weights, "--out", str(tmp_path / "o"))
    assert [(plan["--name"], plan.get("--encoder")) for plan in trainings(done)] == [
        ("resnet50", "r50=v1.pth"),
        ("resnet101", None),
        ("resnext101", None),
        ("mit-s4", "s.pth"),
        ("mit", "mit.pth"),
    ]


def test_what_stands_behind_the_dashes_goes_to_each_training_and_gpus_to_torchrun(tmp_path):
    options = ("--precision", "bf16", "--batch", "32")
    gpus = ("--gpus", "4", "--device", "cuda")
    done = run("width", "--dry-run", *gpus, "--out", str(tmp_path / "o"), "--", *options)
    plans = [line for line in done.output.splitlines() if " train --model " in line]
    assert len(plans) == 5
    for line in plans:
        assert line.startswith("torchrun --standalone --nproc-per-node=4 -m robustbench_seg train ")
        words = shlex.split(line)
        context = main.commands["train"].make_context("train", words[words.index("train") + 1 :])
        assert (context.params["precision"], context.params["batch"]) == ("bf16", 32)
        assert context.params["iterations"] == 1000
    scored = [line for line in done.output.splitlines() if " evaluate --model " in line]
    assert all(line.startswith("torchrun ") for line in scored)
    assert not any("bf16" in line for line in scored)


@pytest.mark.parametrize(
    "option", ["--crop", "--iterations=9", "--seed", "--augment", "--name", "--model", "--minutes"]
)
def test_what_the_study_decides_does_not_go_behind_the_dashes(option, tmp_path):
    done = run("width", "--dry-run", "--out", str(tmp_path), "--", option, "1")
    assert done.exit_code == 2
    assert f"{option}: the study decides that; see its own options" in done.output


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (["A", "B"], "two for all networks; say V=W, whose each is"),
        (["c51=Q"], "--encoder c51=Q: unknown network 'c51'; did you mean 'c512'"),
        (["c1024=Q"], "--encoder c1024=Q: unknown network 'c1024'"),
    ],
)
def test_an_encoder_of_nobody_is_refused(weights, message, tmp_path):
    words = [word for text in weights for word in ("--encoder", text)]
    only = ("--variant", "c256", "--variant", "c512")
    done = run("width", "--dry-run", *only, *words, "--out", str(tmp_path))
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_the_paper_s_size_is_claimed_for_the_paper_s_size_alone(tmp_path):
    ablation = load_ablation("width")
    whole = Plan(
        variants=ablation.variant,
        scale=ablation.scale(full=True),
        seeds=(0,),
        encoders={},
        options=(),
        data=None,
        limit=None,
        device="cpu",
        gpus=1,
        out=tmp_path,
    )
    assert _how_far(ablation, whole, full=True) == "At the paper's size."
    fewer = replace(whole, scale=replace(whole.scale, iterations=10), limit=1)
    said = _how_far(ablation, fewer, full=True)
    assert "for 10 steps, scored on the first 1 images of ade20k" in said
    assert "after 40000 steps: compare orders, not numbers." in said


def test_each_seed_is_a_training_of_its_own_in_a_folder_of_its_own(tmp_path):
    seeds = ("--seed", "3", "--seed", "1", "--seed", "3")
    done = run("width", "--variant", "c512", "--variant", "c256", *seeds, "--dry-run",
               "--iterations", "7", "--out", str(tmp_path))  # fmt: skip
    found = [(Path(plan["--out"]).name, plan["--name"], plan["--seed"]) for plan in trainings(done)]
    assert found == [
        ("c256-3", "c256", "3"),
        ("c512-3", "c512", "3"),
        ("c256-1", "c256", "1"),
        ("c512-1", "c512", "1"),
    ]
    assert done.output.count(" --iterations=7 ") == 4
    assert "4 trainings of 7 steps" in done.output


def test_an_unknown_variant_is_one_line(tmp_path):
    done = run("encoders", "--variant", "resnet5", "--out", str(tmp_path / "o"))
    assert done.exit_code == 2
    assert done.stderr == (
        "robustseg: unknown variant 'resnet5'; did you mean 'resnet50'? Known: "
        "resnet50, resnet101, resnext101, mit-s4, mit\n"
    )
    assert not (tmp_path / "o").exists()


def test_an_unknown_name_is_one_line(tmp_path):
    done = run("widht", "--out", str(tmp_path))
    assert done.exit_code == 2
    assert done.stderr == (
        "robustseg: unknown ablation 'widht'; did you mean 'width'? Known: "
        "encoders, positions, width\n"
    )


@pytest.mark.slow
def test_it_trains_scores_and_compares_and_does_nothing_twice(tmp_path: Path):
    seeds = ["--seed", "0", "--seed", "1"]
    options = [*seeds, "--iterations", "2", "--limit", "1", "--out", str(tmp_path)]
    done = run("positions", *options)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "ablation.csv")
    names = ["mix-ffn", "mix-ffn-windows", "positions", "positions-windows"]
    assert table["model"].tolist() == names
    assert table["seeds"].tolist() == ["0, 1"] * 4
    assert table["steps"].tolist() == [2] * 4
    assert table["images"].tolist() == [1] * 4
    assert table["paper, cityscapes"].tolist() == [79.8, 80.5, 74.0, 77.3]
    assert table[["clean", "mean", "GMAC"]].notna().all(axis=None)
    # 128x128 windows every 96 of 192x384: 2 x 4 of them.
    assert table["GMAC"][1] > table["GMAC"][0]
    text = (tmp_path / "ablation.md").read_text()
    assert "Scaled down. b0 in place of b2. Trained on minicity for 2 steps, scored on the" in text
    assert "cityscapes, after 160000 steps: compare orders, not numbers" in text

    def made():
        weights = [*tmp_path.rglob("*.safetensors"), *tmp_path.glob("runs-1/*/parts/*")]
        return {path: path.stat().st_mtime_ns for path in weights}

    before = made()
    for checkpoint in list(tmp_path.rglob("checkpoint.pt"))[:2]:
        checkpoint.unlink()  # needed no longer
    assert run("positions", *options).exit_code == 0
    assert before == made()
