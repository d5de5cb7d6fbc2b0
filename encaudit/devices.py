"""On what is computed?"""

from encaudit.errors import InputError
from encaudit.probe.ranks import Ranks


def chosen_device(asked: str, ranks: Ranks) -> str:
    """Return the device to compute on, for several processes a GPU each; InputError for one that is not there."""
    import torch

    if asked == "cpu" or (asked == "auto" and not torch.cuda.is_available()):
        return "cpu"
    kind, _, number = asked.partition(":")
    if asked != "auto" and (kind != "cuda" or (number and not number.isdecimal())):
        raise InputError(f"--device {asked}: expected auto, cpu or cuda.")
    if not torch.cuda.is_available():
        raise InputError(f"--device {asked}: this torch ({torch.__version__}) sees no CUDA device. Use --device cpu.")
    there = torch.cuda.device_count()
    if ranks.count == 1:
        if number and int(number) >= there:
            raise InputError(f"--device {asked}: there are {there} CUDA devices, numbered from 0. Use --device cuda.")
        return "cuda" if asked == "auto" else asked
    if number:
        raise InputError(f"--device {asked}: {ranks.count} processes would share it. Use --device cuda, one for each.")
    if ranks.local >= there:
        raise InputError(
            f"--device {asked}: there are {there} CUDA devices, none for process {ranks.local} here (the first is 0). "
            f"Start as many processes on a machine: --nproc-per-node={there}; or use --device cpu."
        )
    torch.cuda.set_device(ranks.local)  # what a user's own module takes when it asks for "cuda"
    return f"cuda:{ranks.local}"
