"""The folder of a study: what was planned, the runs, what each row measured, pictures, and the page."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from encaudit.errors import InputError
from encaudit.study.results import RowResult
from encaudit.unreadable import reading

PLAN, PAGE, NUMBERS = "plan.json", "study.html", "study.json"


class StudyFolder:
    """``plan.json``, ``runs/ROW/``, ``rows/ROW.json``, ``pictures/ROW.NAME.png``, ``study.html``, ``study.json``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, *, resume: bool) -> Any:
        """Return the plan of the study that is in the folder, None for a new one; InputError where it is the other."""
        with reading(self.path):
            if self.path.exists() and not self.path.is_dir():
                raise InputError(f"{self.path} is no folder; -o takes a folder.")
            taken = self.path.is_dir() and any(self.path.iterdir())
            planned = (self.path / PLAN).is_file()
        if resume:
            if not planned:
                raise InputError(
                    f"There is no {PLAN} in {self.path}, so no study to go on with. Name the folder of one, or "
                    "leave out --resume to begin one in an empty folder."
                )
            plan = read_json(self.path / PLAN)
            if not isinstance(plan, dict):
                raise InputError(
                    f"{self.path / PLAN} is damaged: it no longer says what the study began with. Put it back, or "
                    "begin another one, with another -o DIR."
                )
            return plan
        if taken:
            hint = "go on with it by --resume" if planned else "empty it"
            raise InputError(f"{self.path} is not empty. Name another folder with -o DIR, or {hint}.")
        return None

    def run(self, key: str) -> Path:
        """Return the folder of a row's training run."""
        return self.path / "runs" / key

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """Make the folder, and write what a resumed study has to agree with; InputError where it cannot be made."""
        try:
            for name in ("runs", "rows", "pictures"):
                (self.path / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.path} cannot be made: {error.strerror}. Name another folder with -o.") from None
        self.write(PLAN, (json.dumps(plan, indent=1) + "\n").encode())

    def write_result(self, result: RowResult) -> None:
        """Write what a row measured; the row is done with that."""
        self.write(f"rows/{result.row}.json", (result.model_dump_json(indent=1) + "\n").encode())

    def result(self, key: str) -> RowResult | None:
        """Return what a row measured; None where it is not done."""
        path = self.path / "rows" / f"{key}.json"
        with reading(path):
            if not path.is_file():
                return None
            text = path.read_text(encoding="utf-8")
        try:
            return RowResult.model_validate_json(text)
        except ValidationError:
            raise InputError(f"{path} is damaged. Delete it, and the row is measured again.") from None

    def write_picture(self, key: str, name: str, png: bytes) -> None:
        """Write a picture of a row."""
        self.write(f"pictures/{key}.{name}.png", png)

    def pictures(self, key: str) -> dict[str, bytes]:
        """Return the pictures of a row by their names, sorted."""
        files = sorted((self.path / "pictures").glob(f"{key}.*.png"))
        return {file.name.removeprefix(f"{key}.").removesuffix(".png"): file.read_bytes() for file in files}

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all; InputError where the disk does not take it."""
        target = self.path / name
        unfinished = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            unfinished.write_bytes(content)
            unfinished.replace(target)
        except OSError as error:
            raise InputError(
                f"{target} cannot be written: {error.strerror or error}. Make room, and go on with --resume."
            ) from None
        finally:
            unfinished.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """Return what a JSON file holds; None where it is damaged."""
    with reading(path):
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return None
