"""What cryoDRGN itself would do when it is told nothing, asked of its own argument parser."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from encaudit.errors import InputError

# Where encaudit's settings have another name than cryoDRGN's arguments.
_OURS = {"num_epochs": "epochs", "checkpoint": "checkpoint_every"}
# What decides a run on single particles with fixed poses; the rest is how cryoDRGN's own command goes about it.
_TAKEN = (
    *("invert_data", "window", "window_r", "norm"),
    *("encode_mode", "qlayers", "qdim", "enc_mask", "players", "pdim"),
    *("pe_type", "pe_dim", "feat_sigma", "domain", "activation"),
    *("num_epochs", "batch_size", "lr", "wd", "beta", "amp", "checkpoint", "beta_control", "do_pose_sgd"),
)
_REQUIRED = ("-o", "out", "--poses", "poses", "--zdim", "1")  # nothing that is taken, and what comes later wins
_NOT_TOLD = object()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(message)


def train_vae_arguments(words: Sequence[str], *, only_told: bool = False) -> dict[str, Any]:
    """Return what a command line of `cryodrgn train_vae` (its words after train_vae) comes to, in our names.

    ``only_told`` leaves out what the command does not name. Raises InputError, in argparse's words, for one that this
    cryoDRGN does not take.
    """
    from cryodrgn.commands.train_vae import add_args

    parser = _Parser(add_help=False)
    add_args(parser)
    if only_told:
        parser.set_defaults(**dict.fromkeys(_TAKEN, _NOT_TOLD))
    found = vars(parser.parse_known_args([*_REQUIRED, *words])[0])
    return {_OURS.get(name, name): found[name] for name in _TAKEN if found[name] is not _NOT_TOLD}


def train_vae_defaults() -> dict[str, Any]:
    """Return cryoDRGN's defaults; it has none for zdim."""
    return train_vae_arguments(["particles"])
