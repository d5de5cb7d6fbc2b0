"""Is an encoder as good as the one that was accepted? The check of a test, against a baseline file beside it."""

import hashlib
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from encaudit import __version__
from encaudit.errors import InputError
from encaudit.from_python.asserting import QUICK
from encaudit.from_python.audited import AuditReport
from encaudit.from_python.auditing import OPTIONS, Images, audit
from encaudit.from_python.python_terms import in_python
from encaudit.gate import Config, accept, check_report, read_config
from encaudit.report.baseline_changes import told_changes
from encaudit.report.baseline_document import read_baseline, to_json
from encaudit.report.gate_console import print_gate
from encaudit.report.whole_files import write_whole

LONGEST = 200  # bytes of the name before the suffix; file systems take 255 of all
SUFFIX = ".encaudit-baseline.json"
UPDATE = "--encaudit-update"


class BaselineCheck:
    """Compares encoders with accepted ones, whose baselines lie in ``folder``, each test's in files of its own.

    ``test`` names it: module, classes, and its own name with parameters. With ``update`` it accepts what it is given
    and writes the file. ``typed`` is the command that runs this test.
    """

    def __init__(self, folder: Path, test: Sequence[str], *, update: bool, typed: str) -> None:
        self._folder, self._test, self._update, self._typed = folder, test, update, typed
        self._used: set[Path] = set()

    def check(
        self,
        encoder: Any,
        images: Images | None = None,
        transforms: str | Sequence[str] = (),
        *,
        name: str = "",
        config: str | Path | None = None,
        controls: bool = False,
        **options: Any,
    ) -> AuditReport:
        """Audit an encoder (or take the report of ``encaudit.audit``), and hold it to the baseline beside the test.

        By the rules of the preset ``recommended``, or of ``config``, an encaudit.toml beside the test or where pytest
        was started: differences image by image, with their intervals. AssertionError, with every check, for a
        regression and where there is no baseline yet; InputError for a baseline of other images, seed or transforms. A
        test with several checks gives each a ``name``.
        """
        __tracebackhide__ = True
        rules = Config() if config is None else read_config(self._place_of(Path(config)))
        if isinstance(encoder, AuditReport) and (images is not None or transforms or controls or options):
            raise InputError("A report was measured already. Leave out images and options, or give the encoder.")
        path = self._folder / file_name(*self._test, name)
        if path in self._used:
            raise InputError(f"{path.name} was checked already in this test. Give each check a name=... of its own.")
        self._used.add(path)
        if not self._update and not path.exists():
            raise AssertionError(
                f"There is no baseline {path} yet. To accept this encoder as it is, type\n    {self._typed} {UPDATE}\n"
                "and commit the file."
            )
        if isinstance(encoder, AuditReport):
            report = encoder
        else:
            report = audit(encoder, images, transforms, controls=controls, **(QUICK | options))
        if self._update:
            self._accept(report, path)
        else:
            self._hold(report, path, rules)
        return report

    def _accept(self, report: AuditReport, path: Path) -> None:
        accepted = accept(report, report.of_images())
        try:
            former = read_baseline(path) if path.exists() else None
        except InputError:  # damaged, or of another schema: whoever asks for an update wants it replaced
            former = None
        write_whole({path: to_json(accepted)})
        print("\n".join(told_changes(path, accepted, former)))

    def _place_of(self, config: Path) -> Path:
        """Return the file of rules beside the test, or else where pytest was started."""
        beside = self._folder / config
        return beside if beside.exists() else config

    def _hold(self, report: AuditReport, path: Path, rules: Config) -> None:
        __tracebackhide__ = True
        now = datetime.now(UTC)
        to_accept = f"{self._typed} {UPDATE}"
        try:
            gate = check_report(
                report,
                report.of_images(),
                read_baseline(path),
                rules,
                today=now.date(),
                provenance={"encaudit": __version__, "time": now.isoformat(timespec="seconds"), "baseline": str(path)},
            )
        except InputError as error:
            raise InputError(
                f"{in_python(str(error), OPTIONS)}\nTo accept it as it is now, type\n    {to_accept}"
            ) from None
        text = io.StringIO()
        print_gate(gate, text, to_accept)
        if not gate.passed:
            raise AssertionError(f"The encoder does not pass the gate ({path.name}).\n\n{text.getvalue()}")
        print(text.getvalue())  # for whoever asks pytest for the output of tests that pass


def file_name(*parts: str) -> str:
    """Return the name of a file, no two the same: module.test, with a mark of its own where that is not all of it.

    ``test[a]`` is ``test_a`` with such a mark, since there may be a ``test_a``.
    """
    told = [part for part in parts if part]
    readable = [re.sub(r"\[(.*)\]$", r"_\1", part) for part in told]
    changed = ".".join(re.sub(r"[^\w.=+,-]+", "_", part).strip("_") for part in readable)
    kept = changed.encode()[:LONGEST].decode(errors="ignore")
    if kept == ".".join(told) and not any("." in part for part in told):
        return f"{kept}{SUFFIX}"
    return f"{kept}-{hashlib.sha256(chr(0).join(told).encode()).hexdigest()[:8]}{SUFFIX}"
