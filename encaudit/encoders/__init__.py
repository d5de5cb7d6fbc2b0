"""From a name on the command line to an encoder that is ready to encode."""

from pathlib import Path

from encaudit.encoders.cryodrgn_config import find_config, read_config
from encaudit.encoders.opened import OpenedCryodrgn, OpenedEncoder
from encaudit.encoders.plug_ins import ENCODERS, named_plug_in, open_plug_in
from encaudit.encoders.recognize import (
    KINDS,
    MODULE_PREFIX,
    checkpoint_kind,
    last_checkpoint,
    program_kind,
)
from encaudit.errors import InputError, UnknownNameError
from encaudit.pickles import load_weights
from encaudit.unreadable import reading

STACKS = (".mrc", ".mrcs", ".star", ".cs")

__all__ = ["ENCODERS", "KINDS", "OpenedCryodrgn", "OpenedEncoder", "named_plug_in", "open_encoder"]


def open_encoder(
    name: str,
    *,
    kind: str | None = None,
    config: Path | None = None,
    device: str = "cpu",
    trust_pickle: bool = False,
) -> OpenedEncoder:
    """Open whatever ``name`` is: a checkpoint, a run folder, ``module:pkg.mod:factory`` (or
    ``module:file.py:factory``), or ``KIND:rest`` of a plug-in.

    Recognized by content; ``kind`` (one of KINDS, or a plug-in's) overrides. Raises InputError, NoEncoderError or
    UnsafePickleError.
    """
    if kind is not None and kind not in KINDS:
        if kind not in ENCODERS:
            raise UnknownNameError("encoder kind", kind, [*KINDS, *ENCODERS])
        return open_plug_in(kind, name.removeprefix(f"{kind}:"), device)
    if kind is None and (asked := named_plug_in(name)) is not None:
        return open_plug_in(*asked, device)
    if name.startswith(MODULE_PREFIX) and kind not in (None, "module"):
        raise InputError(
            f"{name} is a module, not a {kind} checkpoint. Leave out --encoder, or name a checkpoint file."
        )
    if name.startswith(MODULE_PREFIX) or kind == "module":
        from encaudit.encoders.module import load_module

        return OpenedEncoder(load_module(name.removeprefix(MODULE_PREFIX), device=device), "module", None)
    path = Path(name)
    with reading(path):
        if path.is_dir():
            path = last_checkpoint(path)
        is_file = path.is_file()
    if not is_file:
        _refuse_source(name)
        plugged = f", or what a plug-in opens ({', '.join(f'{one}:...' for one in ENCODERS)})" if [*ENCODERS] else ""
        raise InputError(
            f"No checkpoint at {name}. Expected a weights file, a run folder, module:pkg.mod:factory{plugged}."
        )
    _refuse_source(name)
    if path.suffix in STACKS:
        raise InputError(f"{path} is a particle stack, not a checkpoint. Give it with --images, after the checkpoint.")
    return _open_file(path, kind, config, device, trust_pickle)


def _refuse_source(name: str) -> None:
    """Say how an encoder that is built by a file of Python code is named."""
    file, _, factory = name.partition(".py:")
    if name.endswith(".py") or (factory.isidentifier() and Path(f"{file}.py").is_file()):
        file, factory = file.removesuffix(".py"), factory or "FACTORY"
        raise InputError(
            f"{file}.py is Python code, not a checkpoint. Type module:{file}.py:{factory}"
            f"{', where FACTORY is the function in it that builds the encoder' if factory == 'FACTORY' else ''}."
        )


def _open_file(path: Path, kind: str | None, config: Path | None, device: str, trust_pickle: bool) -> OpenedEncoder:
    kind = kind or program_kind(path)
    if kind == "torchscript":
        from encaudit.encoders.scripted import load_torchscript

        return OpenedEncoder(load_torchscript(path, device=device), kind, path)
    if kind == "exported":
        from encaudit.encoders.scripted import load_exported

        return OpenedEncoder(load_exported(path, device=device, trust=trust_pickle), kind, path)
    if kind == "onnx":
        from encaudit.encoders.onnx import load_onnx

        return OpenedEncoder(load_onnx(path, device=device), kind, path)

    content = load_weights(path, trust=trust_pickle)
    kind = kind or checkpoint_kind(path, content)
    if kind == "vae":
        from encaudit.encoders.vae import vae_from_checkpoint

        return OpenedEncoder(vae_from_checkpoint(content, device=device), kind, path)

    from encaudit.encoders.cryodrgn import CryodrgnEncoder
    from encaudit.encoders.table import TABLE, VolumeTable, table_of

    found = checkpoint_kind(path, content)  # says what is wrong when an override names what this is not
    if found != kind:
        raise InputError(f"{path} is a {found} checkpoint, not a {kind} one. Leave out --encoder.")
    if kind == TABLE and "image_shape" in content:
        from encaudit.encoders.vae_table import ImageTable

        return OpenedEncoder(ImageTable(path, content, device=device), kind, path)
    config_path = config or find_config(path)
    settings = read_config(config_path, trust_pickle=trust_pickle)
    network = CryodrgnEncoder(settings, content["model_state_dict"], device=device)
    encoder = VolumeTable(table_of(path, content), network, network, device) if kind == TABLE else network
    return OpenedCryodrgn(encoder, kind, path, settings, config_path)
