import numpy as np
import pytest
from scipy.stats import spearmanr

from encaudit.embedding import Layout, Moved, embed, overlay_measurements
from encaudit.embedding.fidelity import fidelity
from encaudit.results import Skipped, Summary
from tests.embedding.clouds import encodings


def test_fidelity_is_one_for_lengths_in_the_order_of_the_moves_and_minus_one_for_the_reverse():
    moves = np.arange(1.0, 30.0)
    assert fidelity(moves**3, moves) == pytest.approx(1)
    assert fidelity(-moves, moves) == pytest.approx(-1)


def test_fidelity_of_equal_lines_is_a_reason_and_not_a_number():
    assert isinstance(fidelity(np.ones(9), np.arange(9.0)), Skipped)
    assert isinstance(fidelity(np.arange(9.0), np.ones(9)), Skipped)
    assert isinstance(fidelity(np.arange(2.0), np.arange(2.0)), Skipped)


def test_latent_plane_is_measured_with_an_interval():
    layouts = embed(encodings(d=2), seed=0)
    measured = {one.transform: one for one in overlay_measurements(layouts)}
    assert measured["identity"].value == Skipped("nothing moved")
    value = measured["roll1"].value
    assert isinstance(value, Summary)
    assert (value.median, value.ci_low, value.n) == (pytest.approx(1), pytest.approx(1), 120)
    assert (measured["roll1"].floor, measured["roll1"].ceiling) == (1.0, 0.0)


def test_interval_encloses_the_value_and_is_seeded():
    rng = np.random.default_rng(0)
    moves = rng.random(200)
    lengths = moves + 0.4 * rng.random(200)
    points = np.zeros((200, 2))
    moved = Moved(np.arange(200), points, points, lengths, moves, fidelity(lengths, moves), np.arange(10))
    layout = Layout("umap", ("a", "b"), np.arange(200), points, np.arange(10), np.arange(10), {"roll1": moved})
    (first,), (again,) = overlay_measurements([layout], seed=4), overlay_measurements([layout], seed=4)
    assert first == again
    assert first.value.median == pytest.approx(spearmanr(lengths, moves).statistic)
    assert first.value.ci_low < first.value.median < first.value.ci_high
    assert 0.01 < first.value.ci_high - first.value.ci_low < 0.3


def test_few_images_have_a_value_but_no_interval():
    (measured,) = (one for one in overlay_measurements(embed(encodings(n=12, d=2), seed=0)) if one.transform == "roll1")
    assert measured.value.n == 12
    assert measured.value.ci_low is None


def test_pca_alone_is_not_measured_under_the_name_of_the_umap():
    layouts = embed(encodings(), seed=0, umap=False)
    assert isinstance(layouts[0].moved["roll1"].fidelity, float)
    assert all(isinstance(one.value, Skipped) for one in overlay_measurements(layouts))
