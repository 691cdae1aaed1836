"""Every command and every piece of Python on the pages runs, in the order of its page.

A page runs in a folder of its own that holds what it speaks of: datasets, weights, a photo. Work is
scaled down: options are appended, of which click takes the last, and large models are exchanged
for the shipped ones.
"""

import json
import re
import shlex
import textwrap
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from robustbench_seg.cli.main import main
from robustbench_seg.datasets.minicity import Minicity, write_minicity

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

SEGFORMER, DEEPLAB = "segformer-b0-minicity", "deeplabv3plus-mobilenetv2-minicity"

# What is appended to a command.
SMALL = {
    "corruptions": "",
    "compare": "",
    "cost": "--model segformer-b0-minicity --size 64x64",
    "demo": "--limit 1",
    "erf": "--images 1 --size 64x64",
    "evaluate": "--device cpu --limit 1 --threads 1 --workers 1 --corruption fog --severity 1",
    "generate-cityscapes-c": "--workers 1 --corruption fog --severity 1",
    "models": "",
    "report": "",
    "study": "--device cpu --minutes 0.02 --limit 1 --threads 1",
    "train": "--device cpu --iterations 2 --crop 64x64 --batch 2 --threads 1 --workers 0",
    "verify": "",
    "weights": "",
}

# What is exchanged in a command, as regular expressions.
INSTEAD = {
    r"\$SLURM_ARRAY_TASK_ID/16": "1/1",
    r"/shared/": "shared/",
    r"more-runs/\S+": "more-runs",  # a run folder's name holds a digest
    r"^(?!robustseg train)(.*) --model segformer-b\d\S*": rf"\1 --model {SEGFORMER}",
    r"^(?!robustseg train)(.*) --model deeplabv3plus-\S*": rf"\1 --model {DEEPLAB}",
    r"--reference segformer-b\d": f"--reference {SEGFORMER}",
    r"compare segformer-b5 deeplabv3plus-r101-openmmlab": f"compare {SEGFORMER} {DEEPLAB}",
    r"cost (.*) --size \S+ --repeat \d+": r"cost \1 --repeat 1",
    r"export segformer-b0 (.*) --size \S+": rf"export {SEGFORMER} \1 --size 64x64",
}

# What cannot run here, and why; commands that begin so.
LEFT_OUT = {
    "robustseg weights get ": "downloads",
    "robustseg evaluate --model segformer-b0 --weights hf:": "downloads",
    "robustseg evaluate --model hf:": "downloads",
    "robustseg study positions --full": "trains the paper's networks for days",
}

NVLABS = ROOT / "tests" / "data" / "architectures" / "nvlabs_b0.json"

MY_MODELS = """
from robustbench_seg.datasets import class_names


def make():
    def label(image):
        return image[..., 0] % 19

    label.name, label.version, label.classes = "mine", "1", class_names("cityscapes")
    return label
"""

# What takes long even so.
SLOW = (
    "robustseg demo ",
    "robustseg evaluate --executor ray",
    "robustseg evaluate --model segformer-b0 --backend openvino",
    "robustseg study ",
    "robustseg weights export",
)


def steps(page):
    """The commands of a page's code blocks, continued lines joined, and its Python, in order."""
    found = []
    for kind, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```", page.read_text(), re.M | re.S):
        if kind == "python":
            found.append(("python", textwrap.dedent(block)))
        elif kind in ("", "bash"):
            lines = block.replace("\\\n", " ").splitlines()
            found += [("shell", line) for line in lines if line.strip().startswith("robustseg ")]
    return [(kind, text.strip()) for kind, text in found]


def scaled(line):
    for pattern, exchange in INSTEAD.items():
        line = re.sub(pattern, exchange, line)
    words = shlex.split(line, comments=True)[1:]
    small = SMALL[words[0]]
    if words[:2] == ["study", "width"] or "--dry-run" in words:
        small = ""
    return [word.replace("$CITYSCAPES_DATASET", "cityscapes") for word in [*words, *small.split()]]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """What the pages speak of, in small."""
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
    for name in ("coffee.png", "photo.jpg"):
        Image.fromarray(Minicity("val", (64, 96))[0].image).save(root / name)
    tensors = {name: torch.rand(shape) for name, shape in json.loads(NVLABS.read_text()).items()}
    author = "segformer.{}.1024x1024.city.160k.pth"
    for name in (author.format("b0"), author.format("b5"), "my-weights.pth"):
        torch.save({"state_dict": tensors}, root / name)  # of B0: models are exchanged for it
    (root / "my_models.py").write_text(MY_MODELS)
    (root / "exported").mkdir()
    export_convolution(root / "exported" / "mine.onnx")
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
    kinds = [kind for page in PAGES for kind, _ in steps(page)]
    assert kinds.count("shell") > 40
    assert kinds.count("python") > 2


def test_what_is_left_out_is_on_a_page():
    lines = [text for page in PAGES for _, text in steps(page)]
    for start in (*LEFT_OUT, *SLOW):
        assert any(line.startswith(start) for line in lines), start


EVALUATE = "robustseg evaluate --data $CITYSCAPES_DATASET --model "
# What a page takes for granted, made by these commands.
BEFORE = {
    "protocol.md": [EVALUATE + SEGFORMER + " --out runs"],
    "report.md": [EVALUATE + SEGFORMER + " --out runs", EVALUATE + DEEPLAB + " --out more-runs"],
    "scores.md": [EVALUATE + f"{SEGFORMER} --model {DEEPLAB} --out runs"],
}


def execute(line, output=None):
    """Run a command line in this process; the files it was told to write must be there."""
    words = scaled(line)
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, f"{line}\n{shlex.join(words)}\n{result.output}"
    if "--out" in words and "--dry-run" not in words:
        assert Path(words[words.index("--out") + 1]).exists(), line


@pytest.fixture
def at_the_page(world, tmp_path, monkeypatch, request):
    """A folder where what the page speaks of lies; the page's own TOML files, too."""
    page = request.param
    for part in world.iterdir():
        (tmp_path / part.name).symlink_to(part)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CITYSCAPES_DATASET", "cityscapes")
    for block in re.findall(r"^ *```toml\n(.*?)^ *```", page.read_text(), re.M | re.S):
        text = textwrap.dedent(block)
        name = tomllib.loads(text).get("name", "unnamed")
        Path(f"{name}.toml").write_text(text)
    for line in BEFORE.get(page.name, []):
        execute(line)
    return page


def ids(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("at_the_page", PAGES, ids=ids, indirect=True)
def test_what_a_page_says_runs(at_the_page):
    names = {"image": np.array(Image.open("photo.jpg"))}
    for kind, text in steps(at_the_page):
        if kind == "python":
            exec(compile(text, str(at_the_page), "exec"), names)
        elif not text.startswith((*LEFT_OUT, *SLOW)):
            execute(text)


@pytest.mark.slow  # minutes
@pytest.mark.parametrize("at_the_page", PAGES, ids=ids, indirect=True)
def test_what_takes_long_runs_too(at_the_page):
    for kind, text in steps(at_the_page):
        if kind == "shell" and text.startswith(SLOW) and not text.startswith(tuple(LEFT_OUT)):
            execute(text)
