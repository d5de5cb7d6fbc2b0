"""What a reader has to know before reading a number."""

from dataclasses import replace

import numpy as np
import pytest

from encaudit import findings
from encaudit.images.metadata import Metadata
from encaudit.metrics import measure
from encaudit.probe import NO_LATENT, Rounding
from encaudit.results import Encodings, Latents, Measurement, Summary


def encodings(mu: np.ndarray, logvar: np.ndarray | None = None, left_out: dict[int, str] | None = None) -> Encodings:
    latents = Latents(mu, logvar, np.arange(len(mu)))
    return Encodings(latents, {"identity": latents, "roll1": latents}, left_out or {})


def codes(of: Encodings) -> list[str]:
    return [one.code for one in findings.of_the_latents(of, measure(of, seed=0).measurements)]


def test_an_encoder_that_gives_every_image_one_latent_is_named() -> None:
    assert codes(encodings(np.full((40, 3), 1.5))) == ["constant-encoder"]


@pytest.mark.parametrize(("alike", "found"), [(21, ["shared-latent"]), (20, [])])
def test_an_encoder_that_gives_most_images_one_latent_is_named(alike: int, found: list[str]) -> None:
    mu = np.random.default_rng(0).normal(size=(40, 3))
    mu[:alike] = mu[0]
    assert codes(encodings(mu)) == found


def test_a_collapsed_posterior_is_named_by_its_own_error_bars() -> None:
    mu = np.random.default_rng(0).normal(size=(200, 3))
    assert codes(encodings(0.05 * mu, np.zeros((200, 3)))) == ["collapsed-posterior"]
    assert codes(encodings(mu, np.full((200, 3), -4.0))) == []
    assert codes(encodings(0.05 * mu)) == []


def test_images_that_were_left_out_are_listed_up_to_ten() -> None:
    found = findings.of_the_images(encodings(np.zeros((30, 2)), left_out=dict.fromkeys(range(12), "all pixels are 0")))
    assert [one.code for one in found] == ["images-left-out"]
    assert "image 9: all pixels are 0; and 2 more" in found[0].text


def test_what_the_encoder_gave_no_number_for_is_not_blamed_on_the_images() -> None:
    left_out = (
        {1: "3 pixels are not finite"} | dict.fromkeys(range(2, 29), NO_LATENT) | {30: f"{NO_LATENT} under roll1"}
    )
    images, encoder = findings.of_the_images(encodings(np.zeros((120, 2)), left_out=left_out))
    assert images.code == "images-left-out"
    assert images.text == "1 images were left out of everything: image 1: 3 pixels are not finite."
    assert encoder.code == "encoder-not-finite"
    assert "no finite number (NaN or infinite) for 28 of 148 images whose own pixels are all finite" in encoder.text
    assert "image 1:" not in encoder.text
    assert "mend it before you trust or accept" in encoder.text


def test_metadata_that_went_by_the_order_of_rows_say_so() -> None:
    named = Metadata(np.array(["a", "b"]), None, {}, {})
    assert [one.code for one in findings.of_the_metadata(named)] == ["metadata-read"]
    in_order = replace(named, by_position="The rows of m.star were taken in the order of the stack: why.")
    _, said = findings.of_the_metadata(in_order)
    assert (said.code, said.level, said.text) == ("metadata-by-position", "note", in_order.by_position)


@pytest.mark.parametrize(("covered", "code"), [(0.3, "narrow-posterior"), (0.95, None), (0.999, "wide-posterior")])
def test_error_bars_that_do_not_hold_what_they_say_are_named(covered, code):
    value = Summary(covered, covered, covered, covered, covered, covered, covered - 0.01, covered + 0.0005, 1000)
    found = findings.of_the_calibration([Measurement("sbc_coverage_95", 1, None, "1", value, None, None)])
    assert [finding.code for finding in found] == ([code] if code else [])


@pytest.mark.parametrize(("rms", "level"), [(0.0009, "note"), (0.02, "warning")])
def test_what_a_reduced_precision_cost_is_told_and_much_is_warned_of(rms: float, level: str) -> None:
    found = findings.of_the_precision("bf16", Rounding(images=256, largest=0.05, rms=rms))
    assert [one.level for one in found] == [level]
    assert f"{rms:.1e}" in found[0].text
    assert ("--precision float32" in found[0].text) == (level == "warning")


def test_full_precision_is_not_worth_a_word() -> None:
    assert findings.of_the_precision("float32", None) == []
