"""Which way is better is said of every metric that has a better."""

from encaudit.metrics import METRICS
from encaudit.orientation import BETTER, better, is_judged

NEITHER = {"displacement", "alignment", "displacement_sigma", "posterior_kl", "posterior_kl_symmetric"}


def test_every_metric_of_transforms_has_a_better_side_or_a_reason_for_none() -> None:
    assert set(METRICS) - set(BETTER) == NEITHER


def test_controls_are_not_judged() -> None:
    assert better("displacement_ratio", "roll1") == "lower" and better("recall_at_1", "roll1+rot90") == "higher"
    for control in ("permutation", "noise", "identity", "untrained+roll1", "roll1:frame=covariant", "other-seed"):
        assert better("displacement_ratio", control) is None
    assert is_judged(None) and better("mutual_information", None) == "higher" and better("prior_kl", None) is None
