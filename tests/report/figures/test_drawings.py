import logging
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from encaudit.audits import Audit
from encaudit.embedding import embed
from encaudit.report.figures import displacement, draw_all, figure_name, overlay, volumes
from encaudit.results import Report
from encaudit.volumes import compare_volumes
from tests.embedding.clouds import encodings
from tests.report.figures.pictures import assert_png, pixels_of
from tests.volumes.blobs import BlobDecoder, blob_encodings


def share_of(picture: Image.Image, color: str) -> float:
    """Which share of the pixels has about this colour?"""
    return pixels_of(picture, color) / (picture.width * picture.height)


def particles(n: int = 500) -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    other = rng.random(n) + 0.5
    return {
        "identity": {"displacement": np.zeros(n), "random_distance": other},
        "roll1": {"displacement": 0.8 * rng.permutation(other), "random_distance": other},
        "roll1:frame=covariant": {"displacement": np.zeros(n), "random_distance": other},
    }


@pytest.mark.parametrize(("n", "d"), [(2, 5), (12, 1), (400, 2), (400, 1)])
def test_overlay_shows_images_copies_and_lines_in_the_papers_colours(n, d):
    layouts = embed(encodings(n=n, d=d), seed=0, umap=False)
    picture = assert_png(overlay(layouts, "roll1"))
    for color in ("#a50f15", "#14a37f", "#7b3fa0"):
        assert share_of(picture, color) > 1e-4


def test_overlay_of_a_collapsed_encoder_is_drawn():
    encoded = encodings()
    still = encoded.reference.mu * 0
    collapsed = encodings(still=still, roll1=still)
    collapsed.reference.mu[:] = 0
    collapsed.moved["identity"].mu[:] = 0
    assert_png(overlay(embed(collapsed, seed=0), "still"))


def test_overlay_has_a_panel_for_each_layout():
    one = embed(encodings(), seed=0, umap=False)
    alone, both = (assert_png(overlay(layouts, "roll1")) for layouts in (one, one * 2))
    assert both.width == pytest.approx(2 * alone.width, rel=0.02)


def test_overlay_is_the_same_each_time():
    layouts = embed(encodings(n=400), seed=0, umap=False)
    assert overlay(layouts, "roll1") == overlay(layouts, "roll1")


def test_displacement_has_a_row_for_each_transform_but_the_identity():
    full = particles()
    fewer = {spec: columns for spec, columns in full.items() if spec != "roll1"}
    assert assert_png(displacement(full)).height > assert_png(displacement(fewer)).height
    without_identity = {spec: columns for spec, columns in full.items() if spec != "identity"}
    assert assert_png(displacement(full)).height == assert_png(displacement(without_identity)).height


def test_displacement_without_measurements_is_no_picture():
    assert displacement({}) is None
    assert displacement({"untrained": {"rank": np.ones(3)}}) is None
    assert displacement({"roll1": {"displacement": np.zeros(5), "random_distance": np.zeros(5)}}) is None


@pytest.mark.parametrize(("labelled", "most_moved", "apix"), [(6, 3, 1.5), (1, 0, None), (0, 2, None), (12, 3, None)])
def test_volumes_are_drawn_for_any_number_of_particles(labelled, most_moved, apix):
    study = compare_volumes(
        BlobDecoder(), blob_encodings(), labelled=labelled, most_moved=most_moved, apix=apix, seed=0
    )
    picture = assert_png(volumes(study, "roll1"))
    assert share_of(picture, "#000000") > 0.01


def test_volumes_that_did_not_change_are_drawn():
    assert_png(volumes(compare_volumes(BlobDecoder(), blob_encodings(step=0), labelled=2, seed=0), "roll1"))


def test_names_are_file_names():
    assert figure_name("displacement") == "displacement"
    assert figure_name("overlay", "rot90:frame=array") == "overlay.rot90_frame=array"


def audit(layouts, particles, study, **changes) -> Audit:
    """As much of an audit as is drawn."""
    latents = encodings()
    empty = {"stability": None, "doses": [], "calibration": None, "report": Report({}, [], [])}
    return Audit(encodings=latents, particles=particles, layouts=layouts, volumes=study, **(empty | changes))


def test_all_figures_of_an_audit_come_with_their_names():
    layouts = embed(encodings(), seed=0, umap=False)
    study = compare_volumes(BlobDecoder(), blob_encodings(), labelled=1, most_moved=0, seed=0)
    drawn = dict(draw_all(audit(layouts, particles(), study)))
    assert list(drawn) == ["displacement", "overlay.roll1", "volumes.roll1"]
    assert list(dict(draw_all(audit(layouts, {}, None)))) == ["overlay.roll1"]


def test_drawing_says_nothing(caplog):
    with caplog.at_level(logging.INFO):
        overlay(embed(encodings(), seed=0, umap=False), "roll1")
    assert [record.getMessage() for record in caplog.records if record.name.startswith("matplotlib")] == []


def test_no_window_and_no_global_state():
    code = (
        "import sys, numpy as np; from encaudit.report.figures import displacement;"
        "displacement({'roll1': {'displacement': np.arange(9.), 'random_distance': np.arange(9.)}});"
        "sys.exit('matplotlib.pyplot' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
