"""Is an encoder as good as the one that was accepted? Rules, presets, waivers, baselines (numpy; no torch)."""

from encaudit.gate.baseline import (
    Baseline,
    accept,
    changed_circumstances,
    changed_values,
    differences,
    quantities,
    seed_of,
)
from encaudit.gate.checking import check_report
from encaudit.gate.config import Config, find_config, read_config
from encaudit.gate.outcome import Check, Gate
from encaudit.gate.waivers import Waiver

__all__ = [
    "Baseline",
    "Check",
    "Config",
    "Gate",
    "Waiver",
    "accept",
    "changed_circumstances",
    "changed_values",
    "check_report",
    "differences",
    "find_config",
    "quantities",
    "read_config",
    "seed_of",
]
