"""The user's module: imported by its name, from the current folder too, or read from its file."""

import hashlib
import importlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from encaudit.encoders.their_code import arguments_of, folder_first, their_code
from encaudit.errors import InputError
from encaudit.unreadable import one_line, where_raised

SOURCE = ".py"


def module_and_attribute(spec: str) -> tuple[str, str]:
    """Return what stands before and after the last colon of ``pkg.mod:factory`` or ``path/to/file.py:factory``.

    Raises ``InputError`` that says what to type for anything else.
    """
    name, _, attribute = spec.rpartition(":")
    if spec.endswith(SOURCE):
        raise InputError(
            f"module:{spec} names a file and nothing in it. Type module:{spec}:FACTORY, where FACTORY is the function "
            "that builds the encoder."
        )
    if not name or not attribute or (not _is_file(name) and ":" in name):
        raise InputError(
            f"{spec!r} names no encoder; expected pkg.mod:factory, such as my_network:build, or a file of Python code, "
            "such as my_network.py:build."
        )
    if not _is_file(name) and ("/" in name or os.sep in name or name.startswith(".")):
        raise InputError(
            f"{name} is a path, and no name of a module. Type module:{name}{SOURCE}:{attribute} for a file, or dots "
            "in place of slashes for a module that is found from here."
        )
    return name, attribute


@contextmanager
def found_first(name: str) -> Iterator[None]:
    """Find the user's modules in the current folder and, of a file, in its own; hold our command line from them."""
    with ExitStack() as held:
        held.enter_context(folder_first(os.getcwd()))
        if _is_file(name):
            held.enter_context(folder_first(str(Path(name).absolute().parent)))
        held.enter_context(arguments_of(name))
        yield


def imported(name: str, attribute: str) -> Any:
    """Import a module, or run a file as one, and return what it calls ``attribute``; to be called in ``found_first``.

    Raises ``InputError`` where there is none, and for whatever the user's code raises.
    """
    try:
        with their_code(f"Importing {name}", passing=ImportError):
            module = _of_file(Path(name)) if _is_file(name) else importlib.import_module(name)
    except ImportError as error:
        raise _not_imported(name, attribute, error) from error
    try:
        with their_code(f"{name}:{attribute}", passing=AttributeError):
            return attrgetter(attribute)(module)
    except AttributeError as error:
        place = "" if _is_file(name) else f" ({getattr(module, '__file__', None) or 'built in'})"
        raise InputError(f"{name}{place} has no {attribute}; check the name in module:{name}:{attribute}.") from error


def file_of(spec: str) -> Path | None:
    """Return the file that ``pkg.mod:factory`` (where it was imported) or ``file.py:factory`` is from, if any."""
    name = spec.rpartition(":")[0]
    if _is_file(name):
        return Path(name)
    file = getattr(sys.modules.get(name), "__file__", None)
    return None if file is None else Path(file)


def _is_file(name: str) -> bool:
    return name.endswith(SOURCE)


def _of_file(path: Path) -> ModuleType:
    """Run a file of Python code as a module, under a name that no other file has."""
    if not path.is_file():
        raise InputError(f"No file at {path} (in {os.getcwd()}). Check the path in module:{path}:FACTORY.")
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    stem = re.sub(r"\W", "_", path.stem, flags=re.ASCII)
    name = f"{stem}_{place}"
    spec = spec_from_file_location(name, path.absolute())
    assert spec is not None and spec.loader is not None  # it ends in .py
    module = module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses, and code that is compiled, look for it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _not_imported(name: str, attribute: str, error: ImportError) -> InputError:
    if _is_file(name) and "relative import" in str(error):
        return InputError(
            f"{name} is a part of a package: it has relative imports. Start encaudit in the folder that the package is "
            f"in, and type module:PACKAGE.{Path(name).stem}:{attribute}."
        )
    if not isinstance(error, ModuleNotFoundError):
        return InputError(f"Importing {name} raised {type(error).__name__}: {one_line(error)}{where_raised(error)}.")
    if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")) or _is_file(name):
        return InputError(f"{name} was found, but it imports {error.name}, which is not installed.")
    return InputError(
        f"No module {name}, in {os.getcwd()} or installed. Start encaudit where {name.partition('.')[0]} is, set "
        f"PYTHONPATH, or name its file: module:PATH{SOURCE}:{attribute}."
    )
