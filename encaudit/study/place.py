"""Where a row is carried out: what all rows share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from encaudit.audits import Audit, AuditOptions, audit_checkpoint
from encaudit.study.data import StudyData
from encaudit.study.folder import StudyFolder
from encaudit.study.options import Watcher
from encaudit.study.scales import Scale


@dataclass(frozen=True)
class Place:
    """Folder, data and scale of a study; ``stop`` is asked whether somebody wants it to end."""

    folder: StudyFolder
    scale: Scale
    data: StudyData
    seed: int
    device: str
    command: Sequence[str]
    watcher: Watcher
    stop: Callable[[], object]

    def run(self, key: str) -> Path:
        """Return the folder of a row's training run."""
        return self.folder.run(key)

    def audit(self, options: AuditOptions) -> Audit:
        """Audit a run."""
        found = audit_checkpoint(options, command=self.command, watcher=self.watcher)
        assert found is not None  # as this is the only process
        return found

    def picture(self, key: str, name: str, png: bytes) -> None:
        """Keep a picture of a row."""
        self.folder.write_picture(key, name, png)
