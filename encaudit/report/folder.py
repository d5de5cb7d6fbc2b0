"""The output folder: written whole under a temporary name, then moved into place."""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from encaudit.errors import InputError
from encaudit.report.document import REPORT

if TYPE_CHECKING:  # an audit loads torch, which no other folder needs
    from encaudit.audits import Audit, Watcher


@dataclass(frozen=True)
class Contents:
    """What a folder of ours holds: the file that makes it ours, the page, and patterns of all that may be replaced."""

    main: str
    page: str
    patterns: tuple[str, ...]


AUDIT = Contents(
    REPORT,
    "report.html",
    (
        REPORT,
        "report.html",
        "latents.npz",
        "particles.csv",
        "figures/displacement.png",
        "figures/dose.*.png",
        "figures/calibration.png",
        "figures/leakage.png",
        "figures/overlay.*.png",
        "figures/volumes.*.png",
        "volumes/particle[0-9]*.mrc",
    ),
)
LONGEST_NAME = 200  # bytes; file systems take 255
ATTEMPTS = 20


def default_folder(checkpoint: str) -> Path:
    """Return where the outputs go when nobody says: the checkpoint's stem + .encaudit, beside it."""
    from encaudit.encoders import named_plug_in
    from encaudit.encoders.recognize import MODULE_PREFIX, last_checkpoint

    if checkpoint.startswith(MODULE_PREFIX):
        return Path(checkpoint.removeprefix(MODULE_PREFIX).replace(".py:", ":").replace(":", ".") + ".encaudit")
    if (asked := named_plug_in(checkpoint)) is not None:
        checkpoint = asked[1] or asked[0]
    path = Path(checkpoint)
    if path.is_dir():
        path = last_checkpoint(path)
    return path.with_suffix(".encaudit")


class OutputFolder:
    """A place to write an audit (or a comparison) to; refuses at once what it could not write at the end."""

    def __init__(self, path: Path, *, force: bool = False, contents: Contents = AUDIT) -> None:
        self._contents = contents
        try:
            self.path = path.resolve() if path.is_symlink() or ".." in path.parts else path
            self._refuse_what_cannot_be_written(force)
        except (OSError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
            raise _unwritable(path, error) from None

    def _refuse_what_cannot_be_written(self, force: bool) -> None:
        path = self.path
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise InputError(f"{path} is no folder; -o takes a folder (or - for standard output).")
        if len(os.fsencode(path.name)) > LONGEST_NAME:
            raise InputError(f"The name of the output folder is too long: at most {LONGEST_NAME} bytes.")
        if path.is_dir() and any(path.iterdir()) and not self._is_ours(path) and not force:
            raise InputError(
                f"{path} exists and was not made by encaudit. Name another folder with -o DIR, or add --force."
            )
        parent = path.absolute().parent
        while not parent.exists():
            parent = parent.parent
        if not parent.is_dir():
            raise InputError(f"{parent} is a file, so {path} cannot be a folder in it. Name another one with -o DIR.")
        if not os.access(path if path.exists() else parent, os.W_OK) or not os.access(parent, os.W_OK):
            raise InputError(f"{parent} is not writable. Name another output folder with -o DIR.")

    @property
    def unfinished(self) -> Path:
        """The hidden folder beside it, where finished chunks are kept until everything is written."""
        path = self.path.resolve()  # a name for . and .. too
        return path.parent / f".{path.name}.unfinished"

    def write(self, audit: "Audit", watcher: "Watcher") -> Path:
        """Write an audit, and return where the page is; InputError when the disk does not take it."""
        from encaudit.report.audit_files import fill_audit

        watcher.stage("Writing")
        return self.filled(lambda folder: fill_audit(folder, audit, watcher))

    def filled(self, fill: Callable[[Path], None]) -> Path:
        """Let ``fill`` write into a folder that then takes this place; return where the page is.

        Raises InputError when the disk does not take it.
        """
        parent = self.path.absolute().parent
        new_parents = [folder for folder in (parent, *parent.parents) if not folder.exists()]
        partial = None
        try:
            parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=".encaudit-partial-", dir=parent))
            fill(partial)
            partial.chmod(0o777 & ~_umask())  # mkdtemp makes it private
            self._move_into_place(partial)
        except OSError as error:
            raise _unwritable(self.path, error) from None
        finally:
            if partial is not None:
                shutil.rmtree(partial, ignore_errors=True)
            for folder in new_parents:
                if folder.exists() and not any(folder.iterdir()):
                    folder.rmdir()
        shutil.rmtree(self.unfinished, ignore_errors=True)
        return self.path / self._contents.page

    def _move_into_place(self, partial: Path) -> None:
        """Exchange whole folders where there is nothing but ours; else put file by file between what is there."""
        for _ in range(ATTEMPTS):
            try:
                if not self.path.exists():
                    partial.rename(self.path)
                    return
                if not self._holds_only_ours(self.path) or self.path.resolve() == Path.cwd():
                    self._move_file_by_file(partial)
                    return
                aside = Path(tempfile.mkdtemp(prefix=".encaudit-partial-", dir=partial.parent))
                self.path.rename(aside)
                try:
                    partial.rename(self.path)
                except OSError:
                    aside.rename(self.path)
                    raise
                shutil.rmtree(aside, ignore_errors=True)
                return
            except (FileNotFoundError, FileExistsError, NotADirectoryError):
                continue  # another run is writing here too; whoever comes last stays
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:
                    raise
        raise InputError(f"{self.path} keeps changing: another encaudit writes there. Name another folder with -o DIR.")

    def _move_file_by_file(self, partial: Path) -> None:
        was_ours, main = self._is_ours(self.path), self._contents.main
        (self.path / main).unlink(missing_ok=True)  # a folder without its report is not taken for whole
        for old in self._our_files(self.path) if was_ours else []:
            old.unlink()
        new = [file for file in partial.rglob("*") if file.is_file()]
        for file in sorted(new, key=lambda file: file.name == main):
            target = self.path / file.relative_to(partial)
            target.parent.mkdir(exist_ok=True)
            file.replace(target)
        for name in ("figures", "volumes"):
            folder = self.path / name
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _is_ours(self, folder: Path) -> bool:
        try:
            content = json.loads((folder / self._contents.main).read_text(encoding="utf-8"))
            return "schema" in content and "encaudit" in content["provenance"]
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _our_files(self, folder: Path) -> list[Path]:
        """Return the files in a folder that have the names we give."""
        return [file for pattern in self._contents.patterns for file in folder.glob(pattern) if file.is_file()]

    def _holds_only_ours(self, folder: Path) -> bool:
        ours = set(self._our_files(folder))
        return all(file in ours for file in folder.rglob("*") if not file.is_dir())


def _unwritable(path: Path, error: Exception) -> InputError:
    reason = getattr(error, "strerror", None) or " ".join(str(error).split())
    return InputError(f"{path} cannot be written: {reason}. Name another output folder with -o DIR.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
