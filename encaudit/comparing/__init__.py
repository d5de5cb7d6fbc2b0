"""Training runs side by side: what their losses say of one another, and whether their latents agree."""

from encaudit.comparing.comparison import Comparison, PairReport, RunReport
from encaudit.comparing.options import CompareOptions
from encaudit.comparing.side_by_side import compare_runs

__all__ = ["CompareOptions", "Comparison", "PairReport", "RunReport", "compare_runs"]
