import subprocess
import sys

import numpy as np
import pytest

from encaudit.embedding import embed
from encaudit.embedding import layout as layout_module
from encaudit.pairs import nearest_others
from encaudit.results import Encodings, Latents, Skipped
from tests.embedding.clouds import encodings

SAID: list[str] = []


@pytest.fixture(scope="module")
def umap_and_pca():
    encoded = encodings(untrained=np.zeros((120, 4)), **{"untrained+roll1": np.ones((120, 4))})
    return embed(encoded, seed=1, on_progress=SAID.append)


def test_umap_comes_first_and_pca_beside_it(umap_and_pca):
    assert [layout.method for layout in umap_and_pca] == ["umap", "pca"]


def test_identity_lines_have_length_exactly_zero_in_every_layout(umap_and_pca):
    assert [layout.identity_line_length for layout in umap_and_pca] == [0.0, 0.0]


def test_lines_of_a_real_move_are_longer_than_zero(umap_and_pca):
    for layout in umap_and_pca:
        assert (layout.moved["roll1"].line_length > 0).all()


def test_line_starts_where_the_image_is_drawn(umap_and_pca):
    for layout in umap_and_pca:
        moved = layout.moved["roll1"]
        where = dict(zip(layout.positions, layout.reference, strict=True))
        np.testing.assert_array_equal(moved.start, [where[position] for position in moved.positions])


def test_labelled_images_lead_and_carry_their_stack_rows(umap_and_pca):
    layout = umap_and_pca[0]
    np.testing.assert_array_equal(layout.labelled, np.arange(10))
    np.testing.assert_array_equal(layout.numbers, np.arange(100, 110))
    np.testing.assert_array_equal(layout.moved["roll1"].positions[:10], layout.labelled)


def test_another_encoders_latents_are_left_out_with_a_note(umap_and_pca):
    for layout in umap_and_pca:
        assert set(layout.moved) == {"identity", "roll1"}
        assert any("untrained+roll1" in note for note in layout.notes)


def test_same_seed_gives_the_same_umap(umap_and_pca):
    again = embed(encodings(untrained=np.zeros((120, 4)), **{"untrained+roll1": np.ones((120, 4))}), seed=1)[0]
    np.testing.assert_array_equal(again.reference, umap_and_pca[0].reference)
    np.testing.assert_array_equal(again.moved["roll1"].points, umap_and_pca[0].moved["roll1"].points)


def test_neighbours_that_are_known_change_no_picture(umap_and_pca):
    encoded = encodings(untrained=np.zeros((120, 4)), **{"untrained+roll1": np.ones((120, 4))})
    known = nearest_others(encoded.reference.mu.astype(np.float64), 16)
    with_known = embed(encoded, seed=1, neighbours=known)[0]
    np.testing.assert_array_equal(with_known.reference, umap_and_pca[0].reference)


def test_neighbours_among_all_are_not_those_of_a_sample(monkeypatch):
    handed = []
    monkeypatch.setattr(layout_module, "joint_umap", lambda clouds, _seed, known: handed.append(known) or clouds)
    encoded = encodings(d=4)
    known = nearest_others(encoded.reference.mu.astype(np.float64), 16)
    for drawn in (120, 60):
        embed(encoded, seed=0, umap_n=drawn, moved_n=5, neighbours=known)
    assert handed == [known, None]


def test_pca_finds_the_direction_of_most_variance_and_says_its_share():
    rng = np.random.default_rng(0)
    mu = (rng.standard_normal((400, 3)) * [10, 2, 0.1]).astype(np.float32)
    latents = Latents(mu, None, np.arange(400))
    layout = embed(Encodings(latents, {"identity": latents}), seed=0, umap=False)[0]
    expected = mu[:, :2] - mu[:, :2].mean(axis=0)
    np.testing.assert_allclose(np.abs(layout.reference), np.abs(expected), atol=0.6)
    share = 100 * mu[:, 0].var() / mu.var(axis=0).sum()
    assert layout.axes[0] == f"PC1 ({share:.0f} % of the variance)"


def test_moved_copies_are_projected_with_the_reference_and_not_centred_anew():
    encoded = encodings(shifted=np.zeros((120, 4)))
    far = Latents(encoded.reference.mu + np.float32(50), None, encoded.reference.index)
    layout = embed(Encodings(encoded.reference, {"shifted": far}), seed=0, umap=False)[0]
    moves = layout.moved["shifted"].points - layout.moved["shifted"].start
    np.testing.assert_allclose(moves, np.broadcast_to(moves[0], moves.shape), atol=1e-4)
    assert np.linalg.norm(moves[0]) > 1


def test_two_dimensions_are_drawn_as_they_are():
    encoded = encodings(d=2)
    (layout,) = embed(encoded, seed=0)
    assert layout.method == "latent plane"
    np.testing.assert_array_equal(layout.reference, encoded.reference.mu)
    assert layout.moved["roll1"].fidelity == pytest.approx(1)


def test_one_dimension_is_drawn_against_itself_and_says_so():
    encoded = encodings(d=1)
    (layout,) = embed(encoded, seed=0)
    np.testing.assert_array_equal(layout.reference[:, 0], layout.reference[:, 1])
    np.testing.assert_allclose(layout.moved["roll1"].line_length, layout.moved["roll1"].displacement)
    assert any("diagonal" in note for note in layout.notes)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_few_images_leave_a_pca_and_the_reason_why_there_is_no_umap(n):
    (layout,) = embed(encodings(n=n), seed=0)
    assert layout.method == "pca"
    assert any(f"there are {n}." in note for note in layout.notes)
    assert np.isfinite(layout.reference).all()


def test_collapsed_encoder_has_no_umap_and_no_fidelity():
    latents = Latents(np.zeros((80, 3), np.float32), None, np.arange(80))
    (layout,) = embed(Encodings(latents, {"roll1": latents}), seed=0)
    assert layout.method == "pca"
    assert layout.moved["roll1"].fidelity == Skipped("nothing moved")


def test_sample_keeps_the_labelled_images_and_says_that_it_is_one():
    labelled = np.array([119, 3])
    (layout,) = embed(encodings(), seed=0, umap=False, umap_n=40, moved_n=5, labelled=labelled)
    assert len(layout.positions) == 40
    assert {3, 119} <= set(layout.positions)
    assert len(layout.moved["roll1"].positions) == 7
    np.testing.assert_array_equal(layout.numbers, [219, 103])
    assert any("40 of 120" in note for note in layout.notes)


def test_a_transform_of_a_part_of_the_images_draws_the_copies_that_there_are():
    whole = encodings()
    part = whole.moved["roll1"].take(np.array([1, 3, 7, 50]))
    found = embed(Encodings(whole.reference, {"renoise": part}), seed=0, umap=False)[0].moved["renoise"]
    assert found.positions.tolist() == [1, 3, 7, 50]  # the labelled ones first, which are 0 to 9
    expected = np.linalg.norm(part.mu.astype(float) - whole.reference.mu[[1, 3, 7, 50]], axis=1)
    np.testing.assert_allclose(found.displacement, expected)


def test_another_seed_draws_another_sample():
    samples = [embed(encodings(), seed=seed, umap=False, umap_n=40, moved_n=5)[0].positions for seed in (0, 1)]
    assert not np.array_equal(*samples)


def test_the_long_umap_is_announced(umap_and_pca):
    assert SAID == ["UMAP of 120 images and 240 copies"]


def test_importing_loads_neither_torch_nor_umap():
    code = "import sys, encaudit.embedding; sys.exit(bool({'torch', 'umap', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
