"""Every command and every piece of Python on the pages runs, in the order of its page.

A page runs in a separate folder with everything that it mentions: datasets, weights, a photo. Work
is scaled down: options are appended, of which click takes the last, and the included models replace
large ones.
"""

import glob
import json
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from robustbench_seg.cli.main import main
from robustbench_seg.datasets import minicity
from robustbench_seg.datasets.minicity import SCENES, Minicity, write_minicity
from robustbench_seg.errors import RobustsegError
from tests.segmenter.adapters.tflite_writer import constant, convolution, model, tensor

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

SEGFORMER, DEEPLAB = "segformer-b0-minicity", "deeplabv3plus-mobilenetv2-minicity"

# Options appended to a command.
SMALL = {
    "ablation": "--device cpu --iterations 2 --limit 1",
    "class-frequencies": "",
    "corruptions": "",
    "compare": "",
    "cost": "--model segformer-b0-minicity --size 64x64",
    "demo": "--limit 1",
    "erf": "--images 1 --size 64x64",
    "evaluate": "--device cpu --limit 1 --threads 1 --workers 1 --corruption fog --severity 1",
    "generate-cityscapes-c": "--workers 1 --corruption fog --severity 1",
    "leaderboard": "",
    "literature": "",
    "models": "",
    "pack": "",
    "report": "",
    "transfer": "",
    "train": "--device cpu --iterations 2 --crop 64x64 --batch 2 --threads 1 --workers 0",
    "verify": "",
    "weights": "",
}

# Replacements in commands, as regular expressions.
INSTEAD = {
    r"\$SLURM_ARRAY_TASK_ID/16": "1/1",
    r"/shared/": "shared/",
    r"more-runs/\S+": "more-runs",  # the name of a run folder includes a digest
    r"pack runs/\S+": "pack runs/*",
    # Of consecutive large models of an architecture, only the first.
    r"( --model segformer-b\d)(?: +--model segformer-b\d)+(?= )": r"\1",
    r"( --model deeplabv3plus-\S+-openmmlab)(?: +--model deeplabv3plus-\S+-openmmlab)+": r"\1",
    r"^(?!robustseg train)(.*) --model segformer-b\d\S*": rf"\1 --model {SEGFORMER}",
    r"^(?!robustseg train)(.*) --model deeplabv3plus-\S*": rf"\1 --model {DEEPLAB}",
    r"--adapt bn": "--adapt bn --adapt-prior 1",  # enough for one image
    r"--reference segformer-b\d": f"--reference {SEGFORMER}",
    r"--attack-from segformer-b\d": f"--attack-from {SEGFORMER}",
    r"compare segformer-b5 deeplabv3plus-r101-openmmlab": f"compare {SEGFORMER} {DEEPLAB}",
    r"^robustseg ablation (?!.*--dry-run)(.*--full)": r"robustseg ablation --dry-run \1",  # days
    r"^(robustseg ablation .*) --seed 1 --seed 2": r"\1",
    r"--corruption pgd": "--corruption fgsm",  # one step instead of a hundred
    r"cost --model \S+ --size \S+ --repeat \d+": "cost --repeat 1",  # SMALL has a model
    r"export segformer-b0 (.*) --size \S+": rf"export {SEGFORMER} \1 --size 64x64",
}

# Beginnings of commands that cannot run here, and why.
LEFT_OUT = {
    "robustseg weights get ": "downloads",
    "robustseg evaluate --model segformer-b0 --weights hf:": "downloads",
    "robustseg evaluate --model hf:": "downloads",
    "robustseg evaluate --model mask2former-swin-l": "downloads",
    "robustseg train --model segformer-b0 --encoder hf:": "downloads",
    "robustseg train --model segformer-b0-ade20k --encoder hf:": "downloads",
    "robustseg evaluate --executor ray": "tests/evaluation/test_ray_executor.py starts a cluster",
    "robustseg compare A B": "A and B stand for names; docs/scores.md has some",
    "robustseg transfer RUNS_SYNTHETIC RUNS_REAL": "needs ACDC; tests/reporting has runs",
}

NVLABS = ROOT / "tests" / "data" / "architectures" / "nvlabs_b0.json"

# Commands that are slow even with these changes.
SLOW = (
    "robustseg demo",  # tests/cli/test_demo.py does it on one image
    "robustseg evaluate --model segformer-b0 --backend openvino",
    "robustseg evaluate --backend openvino",
    "robustseg compare segformer-b0-minicity-int8",
    "robustseg compare deeplabv3plus-mobilenetv2-minicity-int8",
    "robustseg ablation ",
    "robustseg weights export",
)


STEP = re.compile(r"^ *```(\w*)\n(.*?)^ *```|`(robustseg [^`]*)`", re.M | re.S)


# Lines of a code block that run: commands, and Python files shown on the page.
RUN = re.compile(r"robustseg |python \w+\.py\b")

# Here one process runs instead of several.
TORCHRUN = re.compile(r"^torchrun .*? -m robustbench_seg ", re.M)


def steps(text):
    """What a page's text says to do, in its order: the commands of code blocks, continued lines
    joined, and of prose; and Python, which is a file where its first line is the name of one.
    """
    found = []
    for kind, block, inline in STEP.findall(text):
        block = textwrap.dedent(block)
        if inline:
            found += [("shell", " ".join(inline.split()))] if is_whole(inline) else []
        elif kind == "python":
            found.append(("file" if re.match(r"# \S+\.py\n", block) else "python", block.strip()))
        elif kind in ("", "bash"):
            lines = TORCHRUN.sub("robustseg ", block.replace("\\\n", " ")).splitlines()
            found += [("shell", line.strip()) for line in lines if RUN.match(line)]
    return found


def is_whole(inline):
    """Whether a command in prose can be run as it stands, and is not only mentioned."""
    _, name, *arguments = inline.split()
    if name.startswith("--"):  # an option of no command, such as --help
        return False
    return "..." not in arguments and bool(
        arguments or not any(option.required for option in main.commands[name].params)
    )


def scaled(line):
    for pattern, exchange in INSTEAD.items():
        line = re.sub(pattern, exchange, line)
    words = shlex.split(line, comments=True)[1:]
    small = SMALL[words[0]]
    if "--dry-run" in words:
        small = ""
    if words[:1] == ["evaluate"] and any(word.startswith("attacks") for word in words):
        small = small.replace("fog", "noise")
    words = [word for each in words for word in (sorted(glob.glob(each)) or [each])]
    return [word.replace("$CITYSCAPES_DATASET", "cityscapes") for word in [*words, *small.split()]]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Small versions of the files that the pages mention."""
    root = tmp_path_factory.mktemp("world")
    for split in ("train", "val"):
        write_minicity(root / "cityscapes", split, (96, 192), 2)
        for index in range(2):
            scene = Minicity(split, (96, 128))[index]
            for path, pixels in (
                (f"CamVid/{split}/{index}.png", scene.image),
                (f"CamVid/{split}annot/{index}.png", scene.labels % 12),
                (f"photos/{split}/{index}.jpg", scene.image),
                (f"masks/{split}/{index}_mask.png", np.uint8([1, 7, 8, 9])[scene.labels % 4]),
            ):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(root / path)
    for index, condition in enumerate(("fog", "night", "rain", "snow")):
        scene = Minicity("val", (96, 128))[index]
        for ref in ("", "_ref"):
            for path, pixels in (
                (f"rgb_anon/{condition}/val{ref}/G/G_frame_000001_rgb{ref}_anon.png", scene.image),
                (
                    f"gt/{condition}/val{ref}/G/G_frame_000001_gt{ref}_labelTrainIds.png",
                    scene.labels,
                ),
            ):
                (root / "ACDC" / path).parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(root / "ACDC" / path)
    for name in ("coffee.png", "photo.jpg"):
        Image.fromarray(Minicity("val", (64, 96))[0].image).save(root / name)
    tensors = {name: torch.rand(shape) for name, shape in json.loads(NVLABS.read_text()).items()}
    author = "segformer.{}.1024x1024.city.160k.pth"
    for name in (author.format("b0"), author.format("b5"), "my-weights.pth"):
        torch.save({"state_dict": tensors}, root / name)  # B0 replaces other models
    (root / "exported").mkdir()
    export_convolution(root / "exported" / "mine.onnx")
    free = dict.fromkeys((2, 3), torch.export.Dim.DYNAMIC)
    images = (torch.rand(1, 3, 32, 48),)
    program = torch.export.export(torch.nn.Conv2d(3, 19, 1), images, dynamic_shapes=(free,))
    torch.export.save(program, root / "exported" / "mine.pt2")
    size = (1, -1, -1, 3)
    layers = {
        "x": tensor("float32", size),
        "w": constant(np.ones((19, 1, 1, 3), np.float32)),
        "b": constant(np.zeros(19, np.float32)),
        "y": tensor("float32", (*size[:3], 19)),
    }
    convolutions = [("CONV_2D", ("x", "w", "b"), "y", convolution())]
    (root / "exported" / "mine.tflite").write_bytes(model(layers, convolutions, ("y",)))
    facts = 'name = "mine"\ndataset = "cityscapes"\nmean = [0, 0, 0]\nstd = [1, 1, 1]\n'
    (root / "exported" / "mine.toml").write_text(facts)
    return root


def export_convolution(path):
    """A network of one convolution that gives each pixel one of 19 classes."""
    onnx = pytest.importorskip("onnx")
    number, shape = onnx.TensorProto.FLOAT, [1, "c", "h", "w"]
    weights = np.random.default_rng(0).normal(size=(19, 3, 1, 1)).astype(np.float32)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Conv", ["image", "weights"], ["logits"])],
        "mine",
        [onnx.helper.make_tensor_value_info("image", number, shape)],
        [onnx.helper.make_tensor_value_info("logits", number, shape)],
        [onnx.numpy_helper.from_array(weights, "weights")],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def test_there_is_something_to_run():
    kinds = [kind for page in PAGES for kind, _ in steps(page.read_text())]
    assert kinds.count("shell") > 40
    assert kinds.count("python") > 2


def test_what_is_left_out_is_on_a_page():
    lines = [text for page in PAGES for _, text in steps(page.read_text())]
    for start in (*LEFT_OUT, *SLOW):
        assert any(line.startswith(start) for line in lines), start


EVALUATE = "robustseg evaluate --data $CITYSCAPES_DATASET --model "
# Commands that create the files that a page assumes.
BEFORE = {
    "protocol.md": [EVALUATE + SEGFORMER + " --out runs"],
    "report.md": [EVALUATE + SEGFORMER + " --out runs", EVALUATE + DEEPLAB + " --out more-runs"],
    "scores.md": [EVALUATE + f"{SEGFORMER} --model {DEEPLAB} --out runs"],
}


# Only reports of this page draw their figures, because drawing is slow and tested elsewhere.
DRAWN = "README.md"

WRITTEN = ("--out", "--csv", "--onnx", "--save-predictions")


def execute(line):
    """Run a command line in this process; the files it was told to write must be there."""
    if line.startswith("python "):
        subprocess.run([sys.executable, *shlex.split(line)[1:]], check=True)
        return
    words = scaled(line)
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, f"{line}\n{shlex.join(words)}\n{result.output}"
    for option, value in pairwise(words):
        if option in WRITTEN and "--dry-run" not in words:
            assert Path(value).exists(), f"{line}\nleft no {value}"


def follow(text, left_out=()):
    """Run the commands and code of a page in the working folder."""
    names = {"image": np.array(Image.open("photo.jpg"))}
    for kind, step in steps(text):
        if kind == "file":
            Path(step.split()[1]).write_text(step)
        elif kind == "python":
            exec(compile(step, "page", "exec"), names)
        elif not step.startswith((*LEFT_OUT, *left_out)):
            execute(step)


@pytest.fixture
def at_the_page(world, tmp_path, monkeypatch, request):
    """A folder with the files that the page mentions, including its own TOML files."""
    page = request.param
    if page.name != DRAWN:
        request.getfixturevalue("blank_figures")
    for part in world.iterdir():
        (tmp_path / part.name).symlink_to(part)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CITYSCAPES_DATASET", "cityscapes")
    monkeypatch.setitem(SCENES, "val", 4)
    monkeypatch.setattr(minicity, "open_minicity", lambda _, split: Minicity(split, (96, 192)))
    for block in re.findall(r"^ *```toml\n(.*?)^ *```", page.read_text(), re.M | re.S):
        text = textwrap.dedent(block)
        told = re.match(r"# (\S+)\.toml\n", text)
        name = told[1] if told else tomllib.loads(text).get("name", "unnamed")
        Path(f"{name}.toml").write_text(text)
    for line in BEFORE.get(page.name, []):
        execute(line)
    return page


def ids(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("at_the_page", PAGES, ids=ids, indirect=True)
def test_what_a_page_says_runs(at_the_page):
    follow(at_the_page.read_text(), left_out=SLOW)


SLOW_PAGES = [
    page
    for page in PAGES
    if any(text.startswith(SLOW) for kind, text in steps(page.read_text()) if kind == "shell")
]


@pytest.mark.slow  # takes minutes
@pytest.mark.parametrize("at_the_page", SLOW_PAGES, ids=ids, indirect=True)
def test_what_takes_long_runs_too(at_the_page):
    follow(at_the_page.read_text())


GOOD = """
`robustseg evaluate` is spoken of; `robustseg corruptions --protocol mpc-15` runs.

```
robustseg generate-cityscapes-c --data CamVid --dataset camvid --out tree
robustseg verify tree
```

```python
import robustbench_seg as rs

assert rs.corrupt(image, "fog", 3).shape == image.shape
```
"""


@pytest.mark.parametrize("at_the_page", [ROOT / "README.md"], ids=ids, indirect=True)
@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("", "", None),
        ("--dataset camvid", "--dateset camvid", "No such option"),
        ("--data CamVid", "--data CamVit", "there is no folder CamVit"),
        ("verify tree", "verify three", "three has no manifest.json"),
        ("mpc-15", "mpc-16", "unknown protocol 'mpc-16'"),
        ('"fog", 3', '"fogg", 3', "unknown corruption 'fogg'"),
    ],
)
def test_a_page_that_is_wrong_is_noticed(at_the_page, right, wrong, told):
    text = GOOD.replace(right, wrong) if right else GOOD
    if told is None:
        follow(text)
    else:
        with pytest.raises((AssertionError, RobustsegError), match=re.escape(told)):
            follow(text)


def test_a_file_that_a_command_does_not_leave_is_noticed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(CliRunner, "invoke", lambda *_: SimpleNamespace(exit_code=0))
    with pytest.raises(AssertionError, match=r"left no sheet\.png"):
        execute("robustseg corruptions --preview photo.jpg --out sheet.png")
