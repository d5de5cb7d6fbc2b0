"""The audit of a running program's encoder and images, and assertions on it: what ``import encaudit`` offers."""

from encaudit.from_python.accepted import BaselineCheck
from encaudit.from_python.asserting import assert_invariant
from encaudit.from_python.audited import AuditReport
from encaudit.from_python.auditing import audit

__all__ = ["AuditReport", "BaselineCheck", "assert_invariant", "audit"]
