"""An audit from end to end: what was asked for and the controls beside it, carried out and put into one report."""

from encaudit.audits.auditing import Audit, audit_checkpoint
from encaudit.audits.given import Given
from encaudit.audits.options import AuditOptions, Watcher

__all__ = ["Audit", "AuditOptions", "Given", "Watcher", "audit_checkpoint"]
