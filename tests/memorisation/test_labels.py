"""How often do the neighbours in the latent space name the label?"""

import numpy as np
import pytest

from encaudit.memorisation import label_accuracy
from encaudit.results import Skipped, Summary

N = 600
LABELS = np.arange(N) % 3


def value(measured: Summary | Skipped) -> Summary:
    assert isinstance(measured, Summary)
    return measured


def test_islands_of_one_label_name_it_always() -> None:
    mu = 10 * np.eye(3)[LABELS] + np.random.default_rng(0).standard_normal((N, 3))
    assert value(label_accuracy(mu, LABELS, None)).median == 1


def test_labels_that_have_nothing_to_do_with_the_latents_are_named_by_chance() -> None:
    found = value(label_accuracy(np.random.default_rng(1).standard_normal((N, 2)), LABELS, None))
    assert found.ci_low is not None and found.ci_high is not None
    assert found.ci_low - 0.02 < 1 / 3 < found.ci_high + 0.02


def test_an_image_has_no_vote_on_itself_even_among_duplicates() -> None:
    # eleven images in each of twenty places: with a vote on itself, every image would be named rightly
    places = np.repeat(np.arange(20), 11)
    labels = np.tile(np.array([0] * 6 + [1] * 5), 20)
    found = value(label_accuracy(100.0 * places[:, None], labels, None))
    # of ten others a 0 sees five 0 and five 1 (a tie, for 0), a 1 sees six 0 and four 1
    assert found.median == pytest.approx(6 / 11)


def test_what_says_nothing_is_skipped() -> None:
    mu = np.random.default_rng(2).standard_normal((N, 2))
    assert isinstance(label_accuracy(mu[:10], LABELS[:10], None), Skipped)
    assert isinstance(label_accuracy(np.zeros((N, 2)), LABELS, None), Skipped)
    assert isinstance(label_accuracy(mu, np.zeros(N), None), Skipped)
