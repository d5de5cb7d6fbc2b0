"""Distributions that are made visible as if they had been installed: their folder, and a dist-info made of it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

EXAMPLE = Path(__file__).parent / "plug_in_example"


def as_installed(site: Path, name: str, groups: Mapping[str, Mapping[str, str]], version: str = "0.1") -> Path:
    """Write what pip writes of a distribution into a folder for sys.path."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        f"[{group}]\n" + "\n".join(f"{one} = {place}" for one, place in of.items()) for group, of in groups.items()
    ]
    (info / "entry_points.txt").write_text("\n\n".join(lines) + "\n")
    return site


def example_installed(site: Path) -> list[Path]:
    """Return what sys.path needs for the example: its code, and its dist-info as its pyproject.toml has it."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    as_installed(site, project["name"], project["entry-points"], project["version"])
    return [EXAMPLE, site]
