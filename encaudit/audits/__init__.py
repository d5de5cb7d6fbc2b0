"""An audit from end to end: what was asked for and the controls beside it, carried out and put into one report."""

from encaudit.audits.auditing import Audit, audit_checkpoint
from encaudit.audits.options import AuditOptions, Watcher

__all__ = ["Audit", "AuditOptions", "Watcher", "audit_checkpoint"]
