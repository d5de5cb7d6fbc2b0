import numpy as np
import pytest
import torch

from encaudit.volumes.likeness import likeness


def noise(box: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((box, box, box)).astype(np.float32)


def test_unrelated_noise_is_unlike():
    found = likeness(noise(seed=0), noise(seed=1))
    assert abs(found.cc) < 0.1
    assert abs(found.fsc_auc) < 0.15
    assert found.distance == pytest.approx(np.sqrt(2), rel=0.05)


def test_correlation_and_shells_ignore_scale_but_distance_does_not():
    volume = noise()
    found = likeness(volume, 3 * volume)
    assert found.cc == pytest.approx(1)
    assert found.fsc_auc == pytest.approx(1)
    assert found.distance == pytest.approx(2)


def test_correlation_is_blind_to_an_added_constant_and_to_the_corners():
    volume = noise()
    elsewhere = volume + 5
    elsewhere[:3, :3, :3] += 100
    assert likeness(volume, elsewhere).cc == pytest.approx(1)


def test_inverted_density_is_the_opposite():
    found = likeness(noise(), -noise())
    assert (found.cc, found.fsc_auc) == (pytest.approx(-1), pytest.approx(-1))


def test_low_pass_keeps_the_first_shells_and_loses_the_last():
    volume = noise(32)
    spectrum = np.fft.fftshift(np.fft.fftn(volume))
    away = np.sqrt(((np.indices(volume.shape) - 16.0) ** 2).sum(axis=0))
    other = np.fft.fftshift(np.fft.fftn(noise(32, seed=1)))
    mixed = np.fft.ifftn(np.fft.ifftshift(np.where(away < 8, spectrum, other))).real
    fsc = likeness(volume, mixed).fsc
    assert fsc[1:9] == pytest.approx(1, abs=1e-5)  # entry i is the shell from i-1 to i
    assert np.abs(fsc[9:]).max() < 0.3


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # cryoDRGN 4.3.1 with numpy 2
@pytest.mark.parametrize("box", [6, 16, 22])
def test_shells_are_those_of_cryodrgn(box):
    from cryodrgn.commands_utils.fsc import get_fsc_curve

    one, other = noise(box), noise(box) + noise(box, seed=3)
    expected = get_fsc_curve(torch.from_numpy(one).double(), torch.from_numpy(other).double()).fsc
    np.testing.assert_allclose(likeness(one, other).fsc, expected, atol=1e-9)


def test_shells_agree_with_a_plain_numpy_computation():
    one, other = noise(12), noise(12) + noise(12, seed=3)
    first, second = (np.fft.fftshift(np.fft.fftn(np.fft.fftshift(v.astype(np.float64)))) for v in (one, other))
    away = np.sqrt(((np.indices(one.shape) - 6.0) ** 2).sum(axis=0))
    expected = [1.0]
    for shell in range(1, 6):
        at = (away >= shell - 1) & (away < shell)
        a, b = first[at], second[at]
        expected.append(np.vdot(a, b).real / np.sqrt(np.vdot(a, a).real * np.vdot(b, b).real))
    found = likeness(one, other)
    np.testing.assert_allclose(found.fsc, expected, atol=1e-6)
    assert found.fsc_auc == pytest.approx(np.mean(expected[2:]), abs=1e-6)
