"""What is installed: one name, every package, every content file."""

import ast
import configparser
import email
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import robustbench_seg as rs

ROOT = Path(__file__).parents[1]
CONTENT = ("models", "corruptions", "datasets", "reports")


def test_setup_cfg_names_every_package():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    named = set(config["options"]["packages"].split())
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "robustbench_seg").rglob("__init__.py")
    }
    found |= {f"robustbench_seg.content.{name}" for name in CONTENT}
    assert named == found


@dataclass
class Archives:
    """The names of the files of both, and the bytes and metadata of the wheel."""

    wheel: set[str]
    wheel_bytes: int
    sdist: set[str]
    metadata: email.message.Message


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    # No isolation: in a test, the build must not use the network.
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out)]
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    source = tmp_path_factory.mktemp("source")
    for name in tracked:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([*command, str(source)], check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    (sdist,) = out.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        sources = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (path,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(path))
    return Archives(names, wheel.stat().st_size, sources, metadata)


def test_wheel_and_sdist_hold_every_content_file(archives):
    wheel, sdist = archives.wheel, archives.sdist
    for folder in CONTENT:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                name = path.relative_to(ROOT).as_posix()
                assert f"robustbench_seg/content/{name}" in wheel
                assert name in sdist


def test_the_wheel_installs_one_name_and_its_types(archives):
    wheel = archives.wheel
    assert {name.split("/")[0] for name in wheel if ".dist-info" not in name} == {"robustbench_seg"}
    assert "robustbench_seg/py.typed" in wheel


def test_the_wheel_has_the_version_of_the_package_and_is_small(archives):
    assert archives.metadata["Version"] == rs.__version__
    assert archives.wheel_bytes < 15e6


def test_the_version_stands_in_one_file():
    """Except in the changelog and in files of earlier versions."""
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "CITATION.cff", "docs/conf.py"):
        assert rs.__version__ not in (ROOT / name).read_text(), name
    (newest,) = re.findall(
        r"^## (\S+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M
    )[:1]
    assert newest == rs.__version__


def test_the_workflow_tests_the_versions_of_python_that_the_wheel_names(archives):
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    matrix = workflow["jobs"]["versions"]["strategy"]["matrix"]
    label = "Programming Language :: Python :: 3."
    named = [name for name in archives.metadata.get_all("Classifier") if name.startswith(label)]
    assert [f"3.{name.removeprefix(label)}" for name in named] == matrix["python"]
    assert archives.metadata["Requires-Python"] == f">={matrix['python'][0]}"
    commands = " ".join(step.get("run", "") for step in workflow["jobs"]["versions"]["steps"])
    assert re.findall(r"make test-(\w+)", commands) == matrix["versions"]


def test_every_requirement_that_is_tested_has_a_lowest_version():
    script = [sys.executable, str(ROOT / ".ci/requirements.py")]
    lines = subprocess.run(script, capture_output=True, text=True, check=True).stdout.splitlines()
    found = {canonicalize_name(line.name): line for line in map(Requirement, lines)}
    assert {"torch", "numpy", "transformers", "onnx", "openvino", "ray", "pytest"} <= set(found)
    for requirement in found.values():
        assert ">=" in {clause.operator for clause in requirement.specifier}, requirement
    exact = map(Requirement, (ROOT / "constraints.txt").read_text().splitlines())
    versions = {canonicalize_name(line.name): next(iter(line.specifier)).version for line in exact}
    for name, requirement in found.items():
        assert versions[name] in requirement.specifier, requirement


def test_every_imported_library_is_a_requirement():
    imported = set()
    for path in (ROOT / "robustbench_seg").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    required = {canonicalize_name(Requirement(line).name) for line in "\n".join(lines).split()}
    distributions = packages_distributions()
    for module in imported - set(sys.stdlib_module_names) - {"robustbench_seg"}:
        names = {canonicalize_name(name) for name in distributions.get(module, [])}
        assert names & required or not names, module


def test_help_imports_nothing_heavy():
    heavy = {"torch", "pandas", "numba", "cv2", "matplotlib", "scipy", "numpy"}
    code = (
        "import sys; from robustbench_seg.cli.main import main; "
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_long_description_leads_out_of_any_page(archives):
    """Each link and picture of README.md is absolute there, and under one address."""
    readme = (ROOT / "README.md").read_text()
    (address,) = re.findall(r"^git clone (\S+)\.git$", readme, re.M)
    metadata = archives.metadata
    assert metadata["Home-page"] == address
    urls = dict(line.split(", ") for line in metadata.get_all("Project-URL"))
    assert set(urls) >= {"Documentation", "Changelog", "Issues"}
    assert metadata["Author"]
    assert "robustness" in metadata["Keywords"]
    description = metadata.get_payload()
    links, there = (re.findall(r"\]\(([^)]+)\)", text) for text in (readme, description))
    assert len(there) == len(links) > 20
    for relative, target in zip(links, there, strict=True):
        if relative.startswith("https://"):
            assert target == relative
        else:
            kind = "raw" if relative.endswith(".png") else "blob"
            assert target == f"{address}/{kind}/main/{relative}"
            assert (ROOT / relative.partition("#")[0]).exists()
    assert [url for url in urls.values() if not url.startswith(address)] == []
    elsewhere = subprocess.run(
        ["git", "grep", "-l", address], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    assert elsewhere in ([], ["README.md"])
