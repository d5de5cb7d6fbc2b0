"""The order of dependence: a lower module never imports a higher one, brothers never import each other."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "encaudit"
LEVELS = [
    {"errors", "quiet", "symmetry", "orientation", "circumstances"},
    {"types", "results"},
    {"unreadable"},
    {"shortage", "paired"},
    {"registry", "stats", "pickles", "hashing", "draws", "precision", "pairs", "simulation"},
    {"transforms", "encoders", "images", "metrics", "volumes", "embedding"},
    {"probe", "calibration", "likelihood", "datasets"},
    {"provenance", "findings", "verdicts", "dose", "stability", "other_seed", "devices"},
    {"memorisation"},
    {"audits", "explain", "train"},
    {"comparing", "architectures", "gate"},
    {"report"},
    {"selecting", "study", "from_python"},
    {"cli", "pytest_plugin"},
]
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}
# Numbers are made without torch: metrics, statistics and pictures are functions of arrays.
WITHOUT_TORCH = {
    "results",
    "orientation",
    "circumstances",
    "paired",
    "architectures",
    "gate",
    "stats",
    "pairs",
    "metrics",
    "embedding",
    "errors",
    "registry",
    "stability",
    "other_seed",
    "memorisation",
    "dose",
    "verdicts",
    "explain",
}


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def modules() -> list[Path]:
    found = [
        path
        for path in PACKAGE.rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py") or path.parent != PACKAGE
    ]
    assert len(found) > 30
    return found


def test_every_part_has_a_level() -> None:
    assert {part_of(path) for path in modules()} == set(LEVEL)


def test_imports_only_go_down() -> None:
    wrong = []
    for path in modules():
        part = part_of(path)
        for name in imported(path):
            pieces = name.split(".")
            if pieces[0] != "encaudit" or len(pieces) < 2 or pieces[1] == "__version__" or pieces[1] == part:
                continue
            if LEVEL[pieces[1]] >= LEVEL[part]:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert wrong == []


def test_numbers_are_made_without_torch() -> None:
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in modules()
        if part_of(path) in WITHOUT_TORCH and any(name.split(".")[0] == "torch" for name in imported(path))
    ]
    assert wrong == []
