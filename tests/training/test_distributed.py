import json
import subprocess
import sys

import pytest
import torch

from robustbench_seg.errors import OptionError
from robustbench_seg.machine.torchrun import Processes
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training.batches import Batches

PROGRAM = """
import csv, json, os, sys
from pathlib import Path
import torch
from robustbench_seg.architectures import build
from robustbench_seg.datasets import open_dataset
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training import InitialNetwork, fit

torch.set_num_threads(1)
out = Path(sys.argv[1])
torch.manual_seed(int(os.environ.get("RANK", 0)))  # the first's weights are to be those of all
network = build("segformer", 19, size="b0", drop_path=0, dropout=0)
for module in network.modules():  # not synchronised on a CPU
    if isinstance(module, torch.nn.BatchNorm2d):
        module.momentum = 0.0
        module.forward = lambda x, m=module: torch.nn.functional.batch_norm(
            x, m.running_mean, m.running_var, m.weight, m.bias)
recipe = TrainingRecipe(iterations=22, batch=4, crop=(32, 64), lr=1e-3, warmup=2, ema=0.5)
train, val = (open_dataset("minicity", split=split).first(4) for split in ("train", "val"))
spec = TrainingSpec("segformer-b0", out, recipe=recipe, workers=0, validate_every=int(sys.argv[2]))
outcome = fit(spec, InitialNetwork(network, load_card("segformer-b0"), None), train, val)
rank = os.environ.get("RANK", "0")
torch.save(network.state_dict(), out / f"{rank}.pt")
(out / f"{rank}.json").write_text(json.dumps([outcome.iterations, outcome.views, outcome.miou]))
"""


def log(folder):
    rows = (folder / "log.csv").read_text().splitlines()[1:]
    return [(row.split(",")[0], *row.split(",")[2:]) for row in rows]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    one, two = tmp_path / "one", tmp_path / "two"
    subprocess.run([sys.executable, program, one, "12"], check=True, capture_output=True)
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run([*start, program, two, "12"], check=True, capture_output=True, timeout=120)

    for (iteration, lr, loss, miou), other in zip(log(one), log(two), strict=True):
        assert (iteration, lr) == other[:2]
        for value, found in ((loss, other[2]), (miou, other[3])):
            assert (not value and not found) or float(value) == pytest.approx(
                float(found), abs=0.02
            )
    expected = torch.load(one / "0.pt")
    states = [torch.load(two / f"{rank}.pt") for rank in (0, 1)]
    for name, tensor in expected.items():
        assert torch.equal(states[0][name], states[1][name]), name
        torch.testing.assert_close(states[0][name], tensor, rtol=1e-2, atol=1e-3)
    outcomes = [json.loads((two / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert outcomes[0][:2] == outcomes[1][:2] == [22, 88]
    assert outcomes[0][2] > 0
    assert outcomes[1][2] != outcomes[1][2]  # NaN: only the first validates
    assert (two / "checkpoint.pt").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from robustbench_seg.architectures import build
from robustbench_seg.datasets import open_dataset
from robustbench_seg.records.cards.model_card import load_card
from robustbench_seg.records.specs.training_spec import TrainingSpec
from robustbench_seg.records.values.training_recipe import TrainingRecipe
from robustbench_seg.training import InitialNetwork, fit
from robustbench_seg.training.learner import Learner

torch.set_num_threads(1)
out, last = Path(sys.argv[1]), int(sys.argv[2])
step = Learner.step

def stopping(self, images, labels, iteration, share):
    if iteration == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, images, labels, iteration, share)

Learner.step = stopping
torch.manual_seed(0)
network = build("segformer", 19, size="b0")  # with BatchNorm, dropout and drop path
recipe = TrainingRecipe(iterations=24, batch=4, crop=(32, 64), lr=1e-3, warmup=2, ema=0.5)
train, val = (open_dataset("minicity", split=split).first(4) for split in ("train", "val"))
spec = TrainingSpec("segformer-b0", out, recipe=recipe, workers=0, checkpoint_every=5)
fit(spec, InitialNetwork(network, load_card("segformer-b0"), None), train, val)
torch.save(network.state_dict(), out / f"{os.environ['RANK']}.pt")
"""


@pytest.mark.slow
def test_killed_processes_go_on_together_exactly(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(KILLED)
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

    def run(out, last):
        words = [*start, program, tmp_path / out, str(last)]
        return subprocess.run(words, capture_output=True, timeout=240).returncode

    assert run("whole", -1) == 0
    assert run("killed", 13) != 0
    assert not (tmp_path / "killed" / "0.pt").exists()
    assert run("killed", -1) == 0
    assert log(tmp_path / "killed") == log(tmp_path / "whole")
    for rank in (0, 1):
        expected, found = (torch.load(tmp_path / out / f"{rank}.pt") for out in ("whole", "killed"))
        differ = [name for name, tensor in found.items() if not torch.equal(expected[name], tensor)]
        # The first process writes the checkpoint, so the others resume with its BatchNorm averages.
        assert [name for name in differ if rank == 0 or "running" not in name] == []


APART = """
import sys
from robustbench_seg.errors import ModelError
from robustbench_seg.machine.torchrun import process_group

with process_group("cpu") as processes:
    processes.check_same(7, "the iteration")
    try:
        processes.check_same(4 * (not processes.rank), "the iteration")
    except ModelError as error:
        print(error, flush=True)
"""


@pytest.mark.slow
def test_processes_that_see_different_checkpoints_stop(tmp_path):
    (tmp_path / "program.py").write_text(APART)
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*start, tmp_path / "program.py"], check=True, capture_output=True, text=True, timeout=120
    )
    message = "the iteration differs between the processes: 4, 0 (rank 0 first)"
    assert done.stdout.count(message) == 2


def test_shares_make_up_the_batch(blocks, card):
    recipe = TrainingRecipe(batch=6, crop=(32, 40))
    whole = Batches(blocks, recipe, card)[3]
    shares = [
        Batches(blocks, recipe, card, Processes(rank, 3).batch_part(6))[3] for rank in range(3)
    ]
    for of_whole, parts in zip(whole, zip(*shares, strict=True), strict=True):
        assert len(parts[0]) == 2
        assert torch.equal(of_whole, torch.cat(parts))


def test_a_batch_that_cannot_be_shared_is_refused():
    message = "a batch of 8 cannot be shared evenly by 3 processes; choose a multiple of 3"
    with pytest.raises(OptionError, match=message):
        Processes(0, 3).batch_part(8)


def test_alone_nothing_is_wrapped(small):
    network, value = small(), torch.tensor(2.0)
    alone = Processes()
    assert alone.replicate(network) is network
    assert alone.mean(value) is value
    assert alone.broadcast(0.5, "cpu") == 0.5
    assert alone.batch_part(3) == range(3)
