import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from robustbench_seg.ablation import (
    ablation_steps,
    differences_from_paper,
    overview,
    published_score,
    run_ablation,
)
from robustbench_seg.ablation.steps import EvaluateStep, ReportStep, TrainStep, WindowsStep
from robustbench_seg.analysis import count_cost, meta_network
from robustbench_seg.cli.main import main
from robustbench_seg.datasets.minicity import SCENES
from robustbench_seg.errors import ModelError, OptionError
from robustbench_seg.records.cards.ablation import list_ablations, load_ablation
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.specs.ablation_spec import ablation_spec
from robustbench_seg.records.specs.evaluation_spec import evaluation_spec
from robustbench_seg.records.values.training_recipe import TrainingRecipe


@pytest.fixture(scope="module", autouse=True)
def costs_are_counted_once():
    """An overview shows the cost of each network, which takes half a second to count."""
    costs = {}

    def count_once(card, size):
        key = (repr(card), size)
        return costs.get(key) or costs.setdefault(key, count_cost(meta_network(card), size))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overview, "meta_network", lambda card: card)
        patch.setattr(overview, "count_cost", count_once)
        yield


def run(*arguments: str):
    return CliRunner().invoke(main, ["ablation", *arguments])


def trainings(spec):
    return [step.spec for step in ablation_steps(spec) if isinstance(step, TrainStep)]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", list_ablations())
def test_the_steps_train_and_test_each_network_and_then_report(name, full, tmp_path):
    spec = ablation_spec(name, full=full, out=tmp_path)
    steps = list(ablation_steps(spec))
    data = {"width": "ade20k", "positions": "cityscapes", "encoders": "ade20k"}[name]
    iterations = {"width": 40_000, "positions": 160_000, "encoders": 40_000}[name]
    variants = load_ablation(name).variant
    scored = [step for step in steps if isinstance(step, EvaluateStep)]
    windows = [step for step in steps if isinstance(step, WindowsStep)]
    assert len(windows) == sum(1 for variant in variants if variant.windows_row)
    assert len(scored) == len(variants) + len(windows)
    assert isinstance(steps[-1], ReportStep)
    for training, variant in zip(trainings(spec), variants, strict=True):
        assert training.name == variant.name
        assert training.dataset == (data if full else "minicity")
        assert training.recipe.iterations == (iterations if full else 1000)
    assert {step.spec.dataset for step in scored} == {data if full else "minicity"}


def test_the_small_recipe_is_one_for_the_start_from_nothing(tmp_path):
    for name in list_ablations():
        for training in trainings(ablation_spec(name, out=tmp_path)):
            recipe = training.recipe
            assert (recipe.lr, recipe.head_lr_factor, recipe.warmup) == (1e-3, 1.0, 150)
            assert (recipe.drop_path, recipe.batch, recipe.crop) == (0.0, 4, (128, 128))


@pytest.mark.parametrize("gpus", [1, 4])
@pytest.mark.parametrize("name", list_ablations())
def test_the_equivalent_commands_exist(name, gpus, tmp_path):
    out = str(tmp_path / "o")
    words = ("--gpus", str(gpus), "--limit", "2", "--data", "my data", "--device", "cuda:1")
    done = run(name, "--dry-run", *words, "--out", out)
    assert done.exit_code == 0, done.output
    lines = [line.strip() for line in done.output.splitlines() if line.startswith("    ")]
    spec = ablation_spec(name, out=out, gpus=gpus, limit=2, data="my data", device="cuda:1")
    assert len(lines) == sum(
        1 for step in ablation_steps(spec) if not isinstance(step, WindowsStep)
    )
    shown = []
    for line in lines:
        start = "torchrun --standalone --nproc-per-node=4 -m robustbench_seg "
        alone = gpus == 1 or line.startswith("robustseg report ")
        assert line.startswith("robustseg " if alone else start)
        words = shlex.split(line.removeprefix(start).removeprefix("robustseg "))
        context = main.commands[words[0]].make_context(words[0], words[1:])
        if words[0] == "evaluate":
            shown.append(evaluation_spec(context.params.pop("models"), **context.params))
    assert shown == [step.spec for step in ablation_steps(spec) if isinstance(step, EvaluateStep)]
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
            network = meta_network(ablation.card(variant, full=True))
            counted = sum(parameter.numel() for parameter in network.parameters()) / 1e6
            if variant.name in millions:
                assert counted == pytest.approx(millions[variant.name], abs=0.07)


def test_the_paper_s_data_is_seen_as_the_paper_s_models_see_it():
    # ADE20K images are scaled to fit 512x2048, in training and test; Cityscapes images are not.
    for name, wanted in (("width", (512, 2048)), ("encoders", (512, 2048)), ("positions", None)):
        ablation = load_ablation(name)
        for variant in ablation.variant:
            resize = ablation.card(variant, full=True).resize
            assert (resize and (resize.short, resize.long)) == wanted
            assert ablation.card(variant, full=False).resize is None


def test_positions_are_learnt_at_the_size_of_the_crop():
    ablation = load_ablation("positions")
    grids = [
        ablation.card(v, full=full).variant.get("position_grid")
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
    # Encoders in `drawn` have other tensors than MiT and start at random; all others load the file.
    ablation = load_ablation(name)
    mit = set(
        meta_network(
            load_card(f"segformer-{ablation.small.settings['size']}")
        ).backbone.state_dict()
    )
    for variant in ablation.variant:
        wanted = set(meta_network(ablation.card(variant, full=False)).backbone.state_dict())
        assert (wanted == mit) == (variant.name not in drawn)
    spec = ablation_spec(name, encoder="mit.pth", out=tmp_path)
    expected = {
        variant.name: None if variant.name in drawn else "mit.pth" for variant in ablation.variant
    }
    assert {training.name: training.encoder for training in trainings(spec)} == expected
    done = run(name, "--dry-run", "--encoder", "mit.pth", "--out", str(tmp_path / "o"))
    assert done.output.count("; encoder weights: random") == len(drawn)
    assert done.output.count("; encoder weights: mit.pth") == len(expected) - len(drawn)


def test_an_encoder_can_be_named_for_one_network(tmp_path):
    weights = ("mit.pth", "resnet50=r50=v1.pth", "mit-s4=s.pth")
    words = [word for text in weights for word in ("--encoder", text)]
    done = run("encoders", "--dry-run", *words, "--out", str(tmp_path / "o"))
    assert done.exit_code == 0, done.output
    lines = [shlex.split(line) for line in done.output.splitlines() if " train --model " in line]
    found = [words[words.index("--encoder") + 1] if "--encoder" in words else "" for words in lines]
    assert found == ["r50=v1.pth", "", "", "s.pth", "mit.pth"]


def test_an_existing_file_with_an_equals_sign_is_for_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a=b.pth").write_text("")
    done = run("width", "--dry-run", "--encoder", "a=b.pth", "--out", "o")
    assert done.output.count("--encoder a=b.pth") == 5


@pytest.mark.parametrize("dashes", [[], ["--"]])
def test_options_of_trainings_are_values_of_each_training(dashes, tmp_path, monkeypatch):
    specs = []
    monkeypatch.setattr("robustbench_seg.ablation.ablation_overview", specs.append)
    options = ("--precision", "bf16", "--batch", "32", "--lr=2e-3", "--half", "--workers", "0")
    done = run("width", "--dry-run", "--out", str(tmp_path / "o"), *dashes, *options)
    assert done.exit_code == 0, done.output
    (spec,) = specs
    assert len(trainings(spec)) == 5
    for training in trainings(spec):
        assert (training.precision, training.half, training.workers) == ("bf16", True, 0)
        assert (training.recipe.batch, training.recipe.lr) == (32, 2e-3)
        assert (training.recipe.iterations, training.recipe.warmup) == (1000, 150)
    assert (
        "for 1000 steps with batch 32, lr 0.002, precision bf16, weights stored as float16, scored "
        "on minicity;"
    ) in differences_from_paper(spec)


@pytest.mark.parametrize("option", ["--crop", "--augment", "--name", "--model", "--minutes"])
def test_what_the_ablation_sets_itself_is_no_option(option, tmp_path):
    done = run("width", "--dry-run", "--out", str(tmp_path), option, "1")
    assert done.exit_code == 2
    # Click 8.2 to 8.4 write "No such option: --crop", later versions "No such option '--crop'".
    assert re.search(f"No such option:? '?{option}", " ".join(done.stderr.split()))


def test_what_is_not_given_is_the_ablation_s_own(tmp_path, monkeypatch):
    specs = []
    monkeypatch.setattr("robustbench_seg.ablation.ablation_overview", specs.append)
    assert run("width", "--dry-run", "--out", str(tmp_path)).exit_code == 0
    assert specs == [ablation_spec("width", out=tmp_path)]


@pytest.mark.parametrize(
    "option", [{"crop": (64, 64)}, {"recipe": TrainingRecipe()}, {"name": "x"}, {"seed": 1}]
)
def test_the_library_refuses_what_the_ablation_sets_itself(option, tmp_path):
    (name,) = option
    with pytest.raises(OptionError, match=f"`{name}` is set by the ablation; leave it out"):
        ablation_spec("width", out=tmp_path, **option)


def test_a_single_seed_and_variant_need_no_list(tmp_path):
    single = ablation_spec("width", out=tmp_path, seeds=1, variants="c256")
    assert single == ablation_spec("width", out=tmp_path, seeds=[1], variants=["c256"])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"limit": 0}, "limit = 0 is out of range; give an integer, 1 to"),
        ({"gpus": 0}, "gpus = 0 is out of range; give an integer, 1 to 1024"),
        ({"seeds": [0, -1]}, r"seeds = \(0, -1\) is out of range; give an integer, 0 to"),
        ({"seeds": [[0]]}, r"seeds = \(\[0\],\) is out of range; give an integer, 0 to"),
        ({"seeds": []}, "give a seed of the trainings, such as 0"),
        ({"full": "yes"}, "full = 'yes' is neither True nor False; give one"),
        ({"encoders": "w.pth"}, "encoders is not a mapping; give a dict from networks to their w"),
        ({"encoders": {"c256": 3}}, "encoder = 3 is not text; give a file, hf:<hub id> or URL"),
    ],
)
def test_a_wrong_option_is_refused_at_once(option, message, tmp_path):
    with pytest.raises(OptionError, match=message):
        ablation_spec("width", out=tmp_path, **option)


@pytest.mark.parametrize(
    ("misspelt", "meant"), [("warm_up", "warmup"), ("limt", "limit"), ("varients", "variants")]
)
def test_the_error_of_an_unknown_option_lists_those_of_an_ablation(misspelt, meant, tmp_path):
    with pytest.raises(OptionError) as refused:
        ablation_spec("width", out=tmp_path, **{misspelt: 1})
    text, _, known = str(refused.value).partition(" Known: ")
    assert text == f"unknown option of ablation_spec '{misspelt}'; did you mean '{meant}'?"
    names = known.split(", ")
    assert {"dataset", "encoders", "gpus", "limit", "lr", "seeds", "variants"} <= set(names)
    assert not {"crop", "model", "name", "recipe", "seed", "training"} & set(names)


def test_the_paper_s_size_is_claimed_for_the_paper_s_size_alone(tmp_path):
    def note(**options):
        spec = ablation_spec("width", out=tmp_path, full=True, **options)
        return differences_from_paper(spec)

    assert note() == note(workers=8, gpus=8) == "At the paper's size."
    words = note(iterations=10, limit=1)
    assert "for 10 steps, scored on the first 1 images of ade20k" in words
    assert "after 40000 steps: compare the order of the networks, not the numbers." in words
    changes = [{"precision": "bf16"}, {"half": True}, {"batch": 8}, {"limit": 5}]
    for change in (*changes, {"dataset": "minicity"}):
        assert note(**change).startswith("At the paper's size, with these exceptions.")


def test_each_seed_is_a_training_of_its_own_in_a_folder_of_its_own(tmp_path):
    spec = ablation_spec(
        "width", variants=["c512", "c256"], seeds=(3, 1, 3), iterations=7, out=tmp_path
    )
    found = [(t.out.name, t.name, t.recipe.seed, t.recipe.iterations) for t in trainings(spec)]
    assert found == [
        ("c256-3", "c256", 3, 7),
        ("c512-3", "c512", 3, 7),
        ("c256-1", "c256", 1, 7),
        ("c512-1", "c512", 1, 7),
    ]


@pytest.mark.parametrize("root", ["train", "evaluate"])
def test_a_folder_named_like_a_command_is_only_a_folder(root, tmp_path):
    done = run("width", "--data", root, "--out", str(tmp_path))
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith("robustseg: minicity is drawn by the program")


@pytest.fixture
def quick(monkeypatch):
    """Options for a training of a few seconds; nothing is scored."""
    monkeypatch.setattr(EvaluateStep, "run", lambda self: None)
    monkeypatch.setattr(ReportStep, "run", lambda self: None)
    monkeypatch.setitem(SCENES, "val", 1)
    monkeypatch.setattr(
        "robustbench_seg.ablation.runner.ablation_table",
        lambda *_: pd.DataFrame([], None, ["model", "x"]),
    )
    return {"variants": ["c256"], "iterations": 2, "batch": 2, "workers": 0}


def test_another_recipe_in_the_same_folder_is_refused(tmp_path, quick):
    run_ablation(ablation_spec("width", out=tmp_path, **quick))
    lines = []
    run_ablation(ablation_spec("width", out=tmp_path, **quick), announce=lines.append)
    assert lines[0] == "train c256, seed 0: already finished, after 2 iterations"
    (tmp_path / "trained/c256-0/checkpoint.pt").unlink()
    message = r"c256\.toml: this is the model of another training: lr 0\.001 and 0\.002 \(there"
    with pytest.raises(ModelError, match=message):
        run_ablation(ablation_spec("width", out=tmp_path, lr=2e-3, **quick))


@pytest.mark.slow
def test_two_processes_do_the_steps_of_one(tmp_path):
    options = ("--variant", "c256", "--iterations", "2", "--limit", "2", "--gpus", "2")
    done = run("width", *options, "--out", str(tmp_path), "--workers", "0", "--batch", "2")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "ablation.csv")
    assert table[["model", "steps", "images"]].values.tolist() == [["c256", 2, 2]]
    assert load_card(tmp_path / "trained/c256-0/c256.toml").training.processes == 2


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

    def written():
        weights = [*tmp_path.rglob("*.safetensors"), *tmp_path.glob("runs-1/*/parts/*")]
        return {path: path.stat().st_mtime_ns for path in weights}

    before = written()
    for checkpoint in list(tmp_path.rglob("checkpoint.pt"))[:2]:
        checkpoint.unlink()  # no longer needed
    assert run("positions", *options).exit_code == 0
    assert before == written()
