"""Files that are written whole or not at all: under a temporary name first, then moved into place, all or none."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from encaudit.errors import InputError


def write_whole(texts: Mapping[Path, str]) -> None:
    """Write each text to its path; InputError, and nothing changed, where one of them cannot be written."""
    refuse_unwritable(texts)
    unfinished: list[tuple[Path, Path]] = []
    try:
        for path, text in texts.items():
            unfinished.append((_written_beside(path.resolve(), text), path.resolve()))
        for partial, path in unfinished:
            partial.replace(path)
    finally:
        for partial, _ in unfinished:
            partial.unlink(missing_ok=True)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole; FileExistsError where it is, whoever wrote it meanwhile."""
    refuse_unwritable([path])
    partial = _written_beside(path.resolve(), text)
    try:
        _put(partial, path.resolve())
    except FileExistsError:
        raise
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from None
    finally:
        partial.unlink(missing_ok=True)


def _put(partial: Path, path: Path) -> None:
    """Give a file its name, if that is free."""
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        raise
    except OSError:  # a disk without links
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        partial.replace(path)


def refuse_unwritable(paths: Iterable[Path]) -> None:
    """Raise InputError for a path that will surely not be written, before any work is done for it."""
    for path in paths:
        parent = path.absolute().parent
        while not parent.exists() and parent != parent.parent and not parent.is_symlink():
            parent = parent.parent
        if path.exists() and not path.is_file():
            raise _unwritable(path, "it is no ordinary file")
        if not parent.is_dir():
            raise _unwritable(path, f"{parent} is no folder")
        if not os.access(parent, os.W_OK):
            raise _unwritable(path, f"{parent} is read-only")


def _written_beside(path: Path, text: str) -> Path:
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=".encaudit-partial-", dir=path.parent)
        partial = Path(name)
        with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
        partial.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        return partial
    except OSError as error:
        if partial is not None:
            partial.unlink(missing_ok=True)
        reason = error.strerror or " ".join(str(error).split())
        raise _unwritable(path, reason) from None


def _unwritable(path: Path, reason: str) -> InputError:
    return InputError(f"{path} cannot be written: {reason}. Name another file.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
