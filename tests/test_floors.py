"""Imports between rooms point down, and no two rooms import each other; see docs/design.md."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "robustbench_seg"

# Highest floor first. Rooms of one floor do not know each other.
FLOORS = [
    {"__main__"},
    {"cli"},
    {"ablation", "demo", "verification"},
    {"reporting"},
    {"evaluation"},
    {"results", "training", "analysis", "trees", "attacks"},
    {"store"},
    {"segmenter"},
    {"measures", "weights"},
    {"architectures", "corruption", "datasets"},
    {"records"},
    {"machine", "codec"},
    {"files"},
    {"errors"},
    {"text", "content", "__init__"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

# The same inside rooms that contain rooms; "" stands for the files directly in a room.
INNER_FLOORS = {
    "records": [{""}, {"specs"}, {"runs"}, {"cards"}, {"values"}],
    "datasets": [
        {""},
        {"minicity"},
        {"layouts", "custom"},
        {"splits"},
        {"image_files"},
        {"classes"},
    ],
    "evaluation": [{""}, {"predictions"}, {"images"}, {"inputs"}, {"outputs"}],
    "reporting": [
        {""},
        {"boards", "page", "transfer"},
        {"html"},
        {"tables", "figures"},
        {"panels"},
        {"ranking"},
        {"literature"},
    ],
    "results": [{""}, {"comparisons"}, {"models"}, {"summaries"}, {"statistics"}],
    "trees": [{""}, {"writing"}, {"manifests"}],
    "weights": [{""}, {"formats", "sources"}, {"readers"}],
    "segmenter": [{"loading"}, {"adapters"}, {""}, {"inference"}, {"labelling"}],
    "segmenter/adapters": [{""}, {"programs", "python_models", "transformers"}],
}


def modules(path: Path) -> set[str]:
    """The dotted names that a file imports from the package, at whatever depth of the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.startswith("robustbench_seg.")}


def imports(path: Path) -> set[str]:
    """The rooms that a file imports."""
    rooms = {name.split(".")[1] for name in modules(path)}
    return {room if room in FLOOR else "__init__" for room in rooms}


def test_imports_point_down():
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        room = parts[0]
        if parts == ("__init__",):
            continue  # it imports everything lazily
        for other in imports(path) - {room}:
            if FLOOR[other] <= FLOOR[room]:
                wrong.append(f"{'/'.join(parts)} -> {other}")
    assert wrong == []


@pytest.mark.parametrize("outer", INNER_FLOORS)
def test_inner_rooms_point_down(outer):
    floor = {room: level for level, rooms in enumerate(INNER_FLOORS[outer]) for room in rooms}
    folder, wrong = PACKAGE / outer, []
    prefix = ".".join(["robustbench_seg", *outer.split("/"), ""])
    rooms = {path.name for path in folder.iterdir() if path.is_dir()} - {"__pycache__"}
    assert rooms | {""} == set(floor)
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        if parts == ("__init__.py",):
            continue  # it lists the public names
        room = parts[0] if len(parts) > 1 else ""
        for name in modules(path):
            if name.startswith(prefix):
                part = name.removeprefix(prefix).split(".")[0]
                other = part if part in floor else ""
                if other != room and floor[other] <= floor[room]:
                    wrong.append(f"{'/'.join(parts)} -> {name}")
    assert wrong == []


def test_every_room_has_a_floor():
    rooms = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("__pycache__")}
    assert rooms - {"py"} == set(FLOOR)


def test_no_file_is_longer_than_400_lines():
    root = PACKAGE.parent
    files = [
        *PACKAGE.rglob("*.py"),
        *(root / "tests").rglob("*.py"),
        *(root / "benchmarks").rglob("*.py"),
    ]
    assert {str(f): n for f in files if (n := len(f.read_text().splitlines())) > 400} == {}
