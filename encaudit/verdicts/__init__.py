"""From numbers to a verdict on each probe: rules over measurements with intervals (no torch, no latents)."""

from encaudit.verdicts.judging import POSITIVE_CONTROL, is_probe, judge, renoise_control
from encaudit.verdicts.rules import CODES, RULES

__all__ = ["CODES", "POSITIVE_CONTROL", "RULES", "is_probe", "judge", "renoise_control"]
