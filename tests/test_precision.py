"""The precision of an audit is the one that was asked for, and the user's own settings come back after it."""

import pytest
import torch
from torch import nn

from encaudit.encoders.module import ModuleEncoder
from encaudit.errors import EncauditError
from encaudit.precision import PRECISIONS, check_precision, computing, encode, encode_symmetric
from encaudit.symmetry import Symmetry
from encaudit.types import ImageBatch, Posterior

CUDNN, CUDA = torch.backends.cudnn, torch.backends.cuda


def switches() -> tuple[object, ...]:
    return (
        torch.get_float32_matmul_precision(),
        CUDA.matmul.allow_tf32,
        CUDNN.allow_tf32,
        CUDNN.deterministic,
        CUDNN.benchmark,
    )


@pytest.fixture
def users_own():
    """Settings as somebody has them who is in a hurry."""
    before = switches()
    torch.set_float32_matmul_precision("medium")
    CUDNN.benchmark = True
    yield switches()
    torch.set_float32_matmul_precision(before[0])
    CUDNN.benchmark = before[4]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_users_settings_come_back_whatever_happens(precision: str, users_own: tuple[object, ...]) -> None:
    def fail() -> None:
        assert switches() != users_own
        raise KeyError

    with pytest.raises(KeyError), computing(precision):
        fail()
    assert switches() == users_own


def test_settings_that_torch_does_not_tell_are_no_obstacle() -> None:
    if not hasattr(CUDA.matmul, "fp32_precision"):
        pytest.skip("this torch has one spelling of the setting")
    CUDA.matmul.fp32_precision = "tf32"  # beside the older spelling, which says otherwise
    try:
        with pytest.raises(RuntimeError):
            torch.get_float32_matmul_precision()
        with computing("float32"):
            assert torch.get_float32_matmul_precision() == "highest"
            assert CUDA.matmul.fp32_precision == "ieee"
        assert CUDA.matmul.fp32_precision == "tf32"
    finally:
        CUDA.matmul.fp32_precision = "none"


@pytest.mark.parametrize(("precision", "rounds"), [("float32", False), ("bf16", False), ("tf32", True)])
def test_only_tf32_lets_a_gpu_round_and_no_precision_lets_it_draw_lots(precision: str, rounds: bool) -> None:
    with computing(precision):
        assert (CUDA.matmul.allow_tf32, CUDNN.allow_tf32) == (rounds, rounds)
        assert CUDNN.deterministic
        assert not CUDNN.benchmark


class Linear:
    """An encoder that tells in which type its product was computed."""

    latent_dim = 3

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.layer = nn.Linear(16, 3)
        self.computed_in: list[torch.dtype] = []

    @torch.inference_mode()
    def encode(self, batch: ImageBatch) -> Posterior:
        mu = self.layer(batch.images.flatten(1))
        self.computed_in.append(mu.dtype)
        return Posterior(mu, mu)


def batch() -> ImageBatch:
    return ImageBatch(torch.randn(5, 4, 4), torch.arange(5))


def test_bf16_is_the_encoders_alone_and_its_latents_are_float32() -> None:
    encoder, images = Linear(), batch()
    exact = encode(encoder, images)
    with computing("bf16"):
        rough = encode(encoder, images)
        assert (images.images.flatten(1) @ images.images.flatten(1).T).dtype == torch.float32
        with computing("float32"):
            again = encode(encoder, images)
    assert encoder.computed_in == [torch.float32, torch.bfloat16, torch.float32]
    assert rough.mu.dtype == rough.logvar.dtype == torch.float32
    assert torch.equal(again.mu, exact.mu)
    assert 0 < float((rough.mu - exact.mu).abs().max()) < 0.1


def test_what_is_known_by_symmetry_is_computed_in_the_same_precision() -> None:
    class Symmetric(Linear):
        knows_symmetries = True

        def encode_symmetric(self, batch: ImageBatch, symmetries: list[Symmetry]) -> list[Posterior]:
            return [self.encode(batch) for _ in symmetries]

    encoder = Symmetric()
    with computing("bf16"):
        found = encode_symmetric(encoder, batch(), [Symmetry(1, False), Symmetry(2, True)])
    assert encoder.computed_in == [torch.bfloat16] * 2
    assert [posterior.mu.dtype for posterior in found] == [torch.float32] * 2


def test_bf16_of_an_encoder_without_error_bars() -> None:
    with computing("bf16"):
        assert encode(ModuleEncoder("mine", lambda images: images.flatten(1)), batch()).logvar is None


@pytest.mark.parametrize(("precision", "device", "named"), [("tf32", "cpu", "--device cuda"), ("fp16", "cpu", "bf16")])
def test_what_a_device_cannot_do_is_refused_with_what_it_can(precision: str, device: str, named: str) -> None:
    with pytest.raises(EncauditError, match=named):
        check_precision(precision, device)


def test_every_precision_is_one_of_cuda() -> None:
    for precision in PRECISIONS:
        check_precision(precision, "cuda:1")
