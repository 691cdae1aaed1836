import csv
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from robustbench_seg.errors import ModelError
from robustbench_seg.records.values.preprocessing import Preprocessing, Resize
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.checkpoint import SECONDS, Checkpoint, TrainingState
from robustbench_seg.training.learner import Learner, seed_step

RECIPE = TrainingRecipe(iterations=30, batch=2, crop=(32, 32), lr=1e-2, warmup=3, ema=0.9, seed=1)


class Killed(BaseException):
    pass


def losses(folder):
    with (folder / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [(row["iteration"], row["lr"], row["loss"], row["miou"]) for row in rows]


def command(data, out, *more):
    return [
        sys.executable, "-m", "robustbench_seg", "train", "--model", "segformer-b0",
        "--dataset", str(data), "--out", str(out), "--iterations", "60", "--batch", "2",
        "--crop", "32x64", "--lr", "1e-3", "--warmup", "5", "--ema", "0.9", "--drop-path", "0.3",
        "--workers", "1", "--threads", "1", "--validate-every", "25", "--checkpoint-every", "7",
        *more,
    ]  # fmt: skip


@pytest.mark.slow
def test_killed_anywhere_it_goes_on_as_if_nothing_had_been(stripes, tmp_path):
    subprocess.run(command(stripes, tmp_path / "unbroken"), check=True, capture_output=True)
    out = tmp_path / "killed"
    process = subprocess.Popen(
        command(stripes, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not (out / "checkpoint.pt").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.5))
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (out / "segformer-b0-stripes.toml").exists()

    again = subprocess.run(command(stripes, out), check=True, capture_output=True, text=True)
    assert "goes on from iteration " in again.stderr
    assert losses(out) == losses(tmp_path / "unbroken")
    weights, others = (
        load_file(folder / "segformer-b0-stripes.safetensors")
        for folder in (out, tmp_path / "unbroken")
    )
    assert weights.keys() == others.keys()
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def interrupted(fit, at, network, *arguments, monkeypatch, **options):
    """`fit`, but the step after the `at`-th raises."""
    step = Learner.step

    def counted(self, images, labels, iteration, share):
        if iteration == at:
            raise Killed
        return step(self, images, labels, iteration, share)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "step", counted)
        with pytest.raises(Killed):
            fit(network, *arguments, **options)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("precision", "at"),
    [
        pytest.param("float32", 1, marks=SLOW),
        ("float32", 9),
        pytest.param("float32", 29, marks=SLOW),
        pytest.param("bf16", 1, marks=SLOW),
        pytest.param("bf16", 9, marks=SLOW),
        ("bf16", 29),
    ],
)
def test_every_step_and_pending_loss_is_the_same(
    fit, at, precision, blocks, small, card, tmp_path, monkeypatch
):
    def start():
        torch.manual_seed(5)
        return small(), blocks, blocks, RECIPE, card

    options = {"validate_every": 12, "workers": 0, "precision": precision}
    network, *rest = start()
    whole = fit(network, *rest, out=tmp_path / "a", **options)
    interrupted(
        fit,
        at,
        *start(),
        out=tmp_path / "b",
        checkpoint_every=1,
        monkeypatch=monkeypatch,
        **options,
    )
    # A killed process leaves rows that are not in the checkpoint, and half a row.
    with (tmp_path / "b" / "log.csv").open("a") as file:
        file.write("30,1.0,0.1,9.9,\n6")
    torn = tmp_path / "b" / ".checkpoint.0a1b2c3d.partial.pt"
    torn.write_bytes(b"half")
    torch.manual_seed(77)
    other = small()
    outcome = fit(other, *rest, out=tmp_path / "b", **options)
    assert (outcome.iterations, outcome.miou) == (30, whole.miou)
    assert losses(tmp_path / "b") == losses(tmp_path / "a")
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name
    assert not torn.exists()


def test_a_finished_training_takes_no_step(fit, blocks, small, card, tmp_path, monkeypatch):
    recipe = TrainingRecipe(iterations=3, batch=2, crop=(32, 32))
    network, other = small(), small()
    arguments = (blocks, blocks, recipe, card)
    first = fit(network, *arguments, out=tmp_path, workers=0)
    monkeypatch.delattr(Learner, "step")
    again = fit(other, *arguments, out=tmp_path, workers=0)
    assert (again.iterations, again.miou) == (3, first.miou)
    assert all(map(torch.equal, network.state_dict().values(), other.state_dict().values()))


def test_minutes_count_over_all_starts(fit, blocks, small, card, tmp_path, monkeypatch):
    now = 100.0
    step = Learner.step

    def second(self, images, labels, iteration, share):
        nonlocal now
        if share == killed:
            raise Killed
        now += 1
        return step(self, images, labels, iteration, share)

    monkeypatch.setattr(Learner, "step", second)
    monkeypatch.setattr("robustbench_seg.training.training_log.time.monotonic", lambda: now)
    recipe = TrainingRecipe(minutes=8 / 60, batch=1, crop=(32, 32), warmup=0)
    arguments = (blocks, blocks, recipe, card)
    options = {"out": tmp_path, "workers": 0, "checkpoint_every": 1}
    killed = 0.75
    with pytest.raises(Killed):
        fit(small(), *arguments, **options)
    killed = None
    now += 1000
    outcome = fit(small(), *arguments, **options)
    assert (outcome.iterations, outcome.seconds) == (8, 8)
    assert now == 100 + 6 + 1000 + 2  # the second start runs only the last two steps


def test_another_training_is_refused_by_name(fit, blocks, small, card, tmp_path):
    def run(recipe, variant, **options):
        own = replace(card, variant=variant)
        fit(small(), blocks, blocks, recipe, own, out=tmp_path, workers=0, **options)

    run(TrainingRecipe(iterations=1, crop=(32, 32), batch=2), {"size": "b0"})
    before = (tmp_path / "checkpoint.pt").read_bytes()
    other = TrainingRecipe(iterations=1, crop=(32, 32), batch=2, lr=1e-3)
    with pytest.raises(ModelError) as error:
        run(other, {"size": "b1"}, precision="bf16")
    assert str(error.value) == (
        f"{tmp_path / 'checkpoint.pt'} belongs to another training: variant {{'size': 'b0'}} "
        "there, {'size': 'b1'} here; precision float32 there, bf16 here; lr 6e-05 there, 0.001 "
        "here; give another folder, or remove the file to start again"
    )
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"resize": Resize(512, 2048)}, "scaled not set there, {'short': 512"),
        (
            {"preprocessing": Preprocessing((0.5,) * 3, (0.5,) * 3)},
            "preprocessing {'mean': (0.485, 0.456",
        ),
    ],
)
def test_another_way_in_is_another_training(fit, blocks, small, card, tmp_path, change, difference):
    recipe = TrainingRecipe(iterations=1, crop=(32, 32), batch=2)
    fit(small(), blocks, blocks, recipe, card, out=tmp_path, workers=0)
    with pytest.raises(ModelError, match=re.escape(difference)):
        fit(small(), blocks, blocks, recipe, replace(card, **change), out=tmp_path, workers=0)


@pytest.mark.parametrize(
    "other", [{"classes": ("green", "red", "blue")}, {"size": (48, 72)}, {"name": "bricks"}]
)
def test_other_data_is_another_training(fit, blocks, small, card, tmp_path, other):
    recipe = TrainingRecipe(iterations=1, crop=(32, 32), batch=2)
    fit(small(), blocks, blocks, recipe, card, out=tmp_path, workers=0)
    with pytest.raises(ModelError, match="belongs to another training: "):
        fit(small(), replace(blocks, **other), blocks, recipe, card, out=tmp_path, workers=0)


def test_what_is_no_table_is_no_checkpoint(small, tmp_path):
    torch.save([1], tmp_path / "checkpoint.pt")
    with pytest.raises(ModelError, match="not a readable checkpoint"):
        Checkpoint(tmp_path / "checkpoint.pt", {}).restore(Learner(small(), RECIPE))


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 torn"])
def test_a_damaged_file_is_an_error(content, small, tmp_path):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"checkpoint.pt: not a readable checkpoint .* remove it"):
        Checkpoint(path, {}).restore(Learner(small(), RECIPE))


def test_when_one_is_due(tmp_path, small, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("robustbench_seg.training.checkpoint.time.monotonic", lambda: now[0])
    by_steps, by_time = Checkpoint(tmp_path / "a.pt", {}, 4), Checkpoint(tmp_path / "b.pt", {})
    assert [i for i in range(1, 10) if by_steps.due(i, validated=i == 6)] == [4, 6, 8]
    now[0] += SECONDS - 1
    assert not by_time.due(7, validated=False)
    assert by_time.due(7, validated=True)
    now[0] += 1
    assert by_time.due(7, validated=False)
    by_time.write(TrainingState(), Learner(small(), RECIPE))
    assert not by_time.due(8, validated=False)


def test_draws_are_of_seed_iteration_and_rank():
    def draw(*numbers):
        seed_step(*numbers)
        return torch.rand(3).tolist()

    assert draw(1, 2, 3) == draw(1, 2, 3)
    others = [draw(*n) for n in ((1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4))]
    assert len({tuple(values) for values in others}) == 4
