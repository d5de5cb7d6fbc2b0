"""Which noise does the loss of a cryoDRGN run assume? That depends on its KL weight, beta.

cryoDRGN minimizes mean((y - y')^2) + beta KL / m over the m masked Hartley coefficients: but for the constant factor
beta / m, the negative ELBO of a Gaussian decoder of variance beta / 2.
"""

from dataclasses import dataclass
from itertools import pairwise

from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.errors import InputError


@dataclass(frozen=True)
class DecoderNoise:
    """``beta`` of the run, where it sets a noise level; ``words`` say which noise that is, or why there is none."""

    beta: float | None
    words: str

    def needed_beta(self) -> float:
        """Return beta; InputError where the loss of the run sets no noise level."""
        if self.beta is None:
            raise InputError(
                f"The decoder's likelihood is not known: {self.words}. Leave out what needs it: simulated images, ELBO."
            )
        return self.beta


def decoder_noise(config: CryodrgnConfig) -> DecoderNoise:
    """Read beta from the command that the config names; without one it is cryoDRGN's default, 1/zdim."""
    given = _last_value(config.cmd, "--beta")
    if _last_value(config.cmd, "--beta-control") is not None:
        return DecoderNoise(None, "the run was trained towards a given KL (--beta-control), which sets no noise level")
    if given is None:
        told = "its command names none" if config.cmd else "the config names no command"
        return _gaussian(1 / config.model_args.zdim, f"beta = 1/zdim, cryoDRGN's default, for {told}")
    try:
        beta = float(given)
    except ValueError:
        return DecoderNoise(None, f"the run's --beta {given} is no number")
    if not 0 < beta < float("inf"):
        return DecoderNoise(None, f"the run's --beta {given} sets no noise level")
    return _gaussian(beta, f"beta = {beta:g}, from the run's command")


def _gaussian(beta: float, source: str) -> DecoderNoise:
    words = (
        f"white Gaussian noise of variance beta/2 = {beta / 2:.4g} in each normalized Hartley coefficient ({source})"
    )
    return DecoderNoise(beta, words)


def _last_value(command: list[str] | None, option: str) -> str | None:
    """Return what a command line gives for an option, as ``--option X`` or ``--option=X``; the last one counts."""
    value = None
    for word, following in pairwise([*(command or []), ""]):
        if word == option:
            value = following
        elif word.startswith(option + "="):
            value = word.removeprefix(option + "=")
    return value
