"""The house's rule, read from the imports: arrows point down, no two rooms import each other."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "robustbench_seg"

# Highest floor first. Rooms of one floor do not know each other.
FLOORS = [
    {"__main__"},
    {"cli"},
    {"ablation"},
    {"reporting"},
    {"evaluation"},
    {"results", "training", "analysis", "trees"},
    {"segmenter"},
    {"measures", "weights"},
    {"architectures", "corruption", "datasets"},
    {"records"},
    {"machine", "cards"},
    {"files", "text"},
    {"errors", "content", "__init__"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}


def imports(path: Path) -> set[str]:
    """The rooms that a file imports, at whatever depth of the file."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "robustbench_seg" and len(parts) > 1:
                rooms.add(parts[1] if parts[1] in FLOOR else "__init__")
    return rooms


def test_imports_point_down():
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        room = parts[0]
        if parts == ("__init__",):
            continue  # the face names everything, lazily
        for other in imports(path) - {room}:
            if FLOOR[other] <= FLOOR[room]:
                wrong.append(f"{'/'.join(parts)} -> {other}")
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
