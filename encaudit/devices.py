"""On what is computed?"""

from encaudit.errors import InputError


def chosen_device(asked: str) -> str:
    """Return the device to compute on; InputError for one that is not there."""
    import torch

    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cpu":
        return asked
    if asked.split(":")[0] != "cuda":
        raise InputError(f"--device {asked}: expected auto, cpu or cuda.")
    if not torch.cuda.is_available():
        raise InputError(f"--device {asked}: this torch ({torch.__version__}) sees no CUDA device. Use --device cpu.")
    return asked
