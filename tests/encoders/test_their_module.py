"""The user's module is found by its name or by its file; what is wrong with either is said with what to type."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from encaudit.encoders import open_encoder
from encaudit.encoders.module import ModuleEncoder, load_module
from encaudit.encoders.their_module import file_of
from encaudit.errors import InputError
from encaudit.report.folder import default_folder

SOURCE = """
from dataclasses import dataclass
from sibling_of_nets import WIDTH

@dataclass
class Mean:
    width: int = 0
    def encode(self, images):
        return images.flatten(1)[:, :self.width]

def make():
    import late_sibling_of_nets
    return Mean(WIDTH + late_sibling_of_nets.MORE)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the user's with a folder ``src`` in it that holds the network."""
    src = tmp_path / "src"
    src.mkdir()
    (src / "nets of mine.py").write_text(SOURCE)
    (src / "nets.py").write_text(SOURCE)
    (src / "sibling_of_nets.py").write_text("WIDTH = 2")
    (src / "late_sibling_of_nets.py").write_text("MORE = 1")
    (src / "relative.py").write_text("from .nets import make")
    (src / "broken.py").write_text("import a_package_nobody_has")
    (src / "wrong.py").write_text("1 / 0")
    (src / "lacking.py").write_text("from sibling_of_nets import HEIGHT")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if "sibling_of_nets" in name or name.startswith(("nets", "other", "wrong", "broken")):
            del sys.modules[name]


@pytest.mark.parametrize("spec", ["src/nets.py:make", "./src/nets.py:make", "src/nets of mine.py:make"])
def test_a_file_is_run_where_it_lies_with_its_siblings(folder: Path, spec: str) -> None:
    for name in (spec, str(folder / spec)):
        encoder = open_encoder(f"module:{name}").encoder
        assert isinstance(encoder, ModuleEncoder)
        assert encoder._function.__self__.width == 3
    assert set(sys.path[-2:]) == {str(folder), str(folder / "src")}, "they come last, and shadow no library"


def test_a_file_is_read_again_and_is_no_other_file_of_its_name(folder: Path) -> None:
    (folder / "nets.py").write_text("class Other:\n    def encode(self, images): return images.mean((1, 2))[:, None]\n")
    assert load_module("src/nets.py:make")._function.__self__.width == 3
    assert type(load_module("nets.py:Other")._function.__self__).__name__ == "Other"
    (folder / "nets.py").write_text("class Another:\n    def encode(self, images): return images[:, 0]\n")
    assert type(load_module("nets.py:Another")._function.__self__).__name__ == "Another"


def test_the_file_of_a_module_is_known(folder: Path) -> None:
    assert file_of("src/nets.py:make") == Path("src/nets.py")
    (folder / "nets_by_name.py").write_text("class A:\n    def encode(self, images): return images[:, 0]\n")
    assert file_of("nets_by_name:A") is None
    load_module("nets_by_name:A")
    assert file_of("nets_by_name:A") == folder / "nets_by_name.py"


def test_the_outputs_of_a_file_are_beside_it() -> None:
    assert default_folder("module:src/nets.py:make") == Path("src/nets.make.encaudit")
    assert default_folder("module:nets:make") == Path("nets.make.encaudit")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("src/nets.py", "src/nets.py is Python code, not a checkpoint. Type module:src/nets.py:FACTORY, where FACTORY"),
        ("src/nets.py:make", "src/nets.py is Python code, not a checkpoint. Type module:src/nets.py:make."),
        ("src/none.py", "src/none.py is Python code, not a checkpoint"),
        ("module:src/nets.py", "names a file and nothing in it. Type module:src/nets.py:FACTORY"),
        ("module:src/none.py:make", "No file at src/none.py"),
        ("module:src/nets:make", "src/nets is a path, and no name of a module. Type module:src/nets.py:make"),
        ("module:./src/nets:make", "Type module:./src/nets.py:make"),
        ("module:.nets:make", "no name of a module"),
        ("module:no_such_nets:make", "or name its file: module:PATH.py:make"),
        ("module:src/nets.py:mak", "src/nets.py has no mak; check the name in module:src/nets.py:mak"),
        ("module:src/relative.py:make", "is a part of a package: .* type module:PACKAGE.relative:make"),
        ("module:src/broken.py:make", "broken.py was found, but it imports a_package_nobody_has"),
        ("module:src/lacking.py:make", r"Importing src/lacking.py raised ImportError: cannot import name 'HEIGHT'"),
        ("module:src/wrong.py:make", r"Importing src/wrong.py raised ZeroDivisionError"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_to_type_is_said(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        open_encoder(name)
