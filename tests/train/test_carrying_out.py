"""A run on particles from its first batch to its last file."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from encaudit.encoders import OpenedCryodrgn, open_encoder
from encaudit.encoders.saved_z import compare_saved_z
from encaudit.errors import DivergedError, InputError, StoppedError
from encaudit.images import open_stack
from encaudit.probe import encode_stack
from encaudit.train.evaluation import evaluate
from encaudit.train.resuming import resumed
from encaudit.train.run_folder import RunFolder, read_record
from encaudit.train.settings import Settings
from tests.fresh_run import FreshRun
from tests.train.small_runs import objective_for, same, settings_for, train

SYSTEMS = [
    ("vae", {}),
    ("vae", {"augment": ("roll", "rotate"), "consistency": 1.0}),
    ("vlt", {}),
    ("twin", {}),
    ("twin", {"twin": "noise", "twin_ctf": "target"}),
]


def after(batches: int):
    """Ask to stop after so many batches."""
    left = batches

    def stop() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    return stop


def two_pickles(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with path.open("rb") as file:
        return pickle.load(file), pickle.load(file)


def kept(folder: Path) -> dict[str, bytes]:
    """The files of a run that say what was learned, and nothing of how long it took."""
    names = [path.name for path in folder.iterdir() if path.suffix in (".pkl", ".npz") and path.name != "state.pkl"]
    return {name: (folder / name).read_bytes() for name in names}


def learned(folder: Path) -> dict:
    """What the state of a run says of networks, table and optimizers."""
    return RunFolder(folder).read_state()["objective"]


@pytest.mark.parametrize(("kind", "changes"), SYSTEMS)
def test_a_run_leaves_what_was_agreed(kind: str, changes: dict, run: FreshRun, tmp_path: Path) -> None:
    record = train(settings_for(run, kind, **changes), tmp_path / "out")
    out = tmp_path / "out"
    expected = {"config.yaml", "run.json", "run.log", "state.pkl", "evaluation.npz"}
    expected |= {f"{name}{number}.pkl" for name in ("weights", "z") for number in ("", ".1", ".2")}
    if kind == "twin":
        expected |= {f"z_twin{number}.pkl" for number in ("", ".1", ".2")}
    assert {path.name for path in out.iterdir()} == expected
    told = json.loads((out / "run.json").read_text())
    assert told["schema"] == 1
    assert (told["kind"], told["n"], told["finished"]) == (kind, 30, True)
    assert [epoch["epoch"] for epoch in told["epochs"]] == [1, 2]
    assert told["beta"] == pytest.approx(1 / 3)
    assert told["held_out"] is None
    assert (told["travel"] is not None) == (kind == "vlt")
    assert read_record(out) == record
    arrays = dict(np.load(out / "evaluation.npz"))
    assert all(values.shape == (30,) for values in arrays.values())
    assert ("kl_reshuffled" in arrays) == (kind == "twin")
    loss = arrays["reconstruction"] + told["beta"] * arrays["kl"] / told["n_mask"]
    np.testing.assert_allclose(arrays["loss"], loss, rtol=1e-5)


@pytest.mark.parametrize(("kind", "changes"), SYSTEMS)
def test_a_run_stopped_within_an_epoch_goes_on_to_the_same_bytes(
    kind: str, changes: dict, run: FreshRun, tmp_path: Path
) -> None:
    settings = settings_for(run, kind, **changes)
    train(settings, tmp_path / "whole")
    out = tmp_path / "out"
    with pytest.raises(StoppedError, match=r"after epoch 2, batch 2\. Go on with --resume -o .*out"):
        train(settings, out, stop=after(4 + 2))
    assert not read_record(out).finished
    again, before = resumed(out, kind, {})
    assert again == settings
    train(again, out, before=before)
    assert kept(out) == kept(tmp_path / "whole")
    assert same(learned(out), learned(tmp_path / "whole"))
    ours, theirs = ([epoch.train for epoch in read_record(folder).epochs] for folder in (out, tmp_path / "whole"))
    assert ours == theirs


def test_more_epochs_can_be_asked_for(run: FreshRun, tmp_path: Path) -> None:
    train(settings_for(run, epochs=3), tmp_path / "whole")
    out = tmp_path / "out"
    train(settings_for(run, epochs=2), out)
    settings, before = resumed(out, "vae", {"epochs": 3})
    train(settings, out, before=before)
    assert kept(out) == kept(tmp_path / "whole")


def test_a_run_that_is_done_says_so(run: FreshRun, tmp_path: Path) -> None:
    train(settings_for(run), tmp_path / "out")
    with pytest.raises(InputError, match=r"trained for 2 epochs.*--epochs"):
        resumed(tmp_path / "out", "vae", {})
    with pytest.raises(InputError, match="encaudit train vae"):
        resumed(tmp_path / "out", "vlt", {})
    with pytest.raises(InputError, match=r"lr 0.001.*found 0.1"):
        resumed(tmp_path / "out", "vae", {"lr": 0.1, "epochs": 9})
    with pytest.raises(InputError, match="it is no run of"):
        resumed(tmp_path, "vae", {})


def test_resuming_on_other_images_is_refused(run: FreshRun, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        train(settings_for(run), tmp_path / "out", stop=after(1))
    settings, before = resumed(tmp_path / "out", "vae", {})
    rotations, fractions = pickle.loads((run.folder / "poses.pkl").read_bytes())
    (run.folder / "poses.pkl").write_bytes(pickle.dumps((rotations, fractions / 2)))
    with pytest.raises(InputError, match=r"The poses of .*have changed"):
        train(settings, tmp_path / "out", before=before)


@pytest.mark.parametrize("kind", ["vae", "twin", "vlt"])
def test_the_probe_reproduces_the_z_of_every_system(kind: str, run: FreshRun, tmp_path: Path) -> None:
    train(settings_for(run, kind), tmp_path / "out")
    opened = open_encoder(str(tmp_path / "out"))
    stack = open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl")
    mu = encode_stack(opened.encoder, stack, (), seed=0).reference.mu
    assert opened.checkpoint is not None
    saved = compare_saved_z(opened.checkpoint, mu, stack.index, None)
    assert saved is not None and not isinstance(saved, str)
    assert saved.agrees
    assert opened.kind == ("table" if kind == "vlt" else "cryodrgn")


def test_a_vae_starts_from_the_weights_of_its_seed_and_so_does_its_twin(run: FreshRun, tmp_path: Path) -> None:
    from cryodrgn.models import HetOnlyVAE

    changes = {"lr": 1e-30, "epochs": 1, "seed": 4}  # nothing is learned
    for kind in ("vae", "twin", "vlt"):
        train(settings_for(run, kind, **changes), tmp_path / kind)
    with torch.random.fork_rng():
        torch.manual_seed(4)
        model, _ = HetOnlyVAE.load(str(tmp_path / "vae" / "config.yaml"))
    for kind in ("vae", "twin", "vlt"):
        weights = torch.load(tmp_path / kind / "weights.pkl")["model_state_dict"]
        for name, value in model.state_dict().items():
            torch.testing.assert_close(weights[name], value)


def test_twins_are_saved_beside_what_the_images_get(run: FreshRun, tmp_path: Path) -> None:
    from encaudit.transforms import derangement

    train(settings_for(run, "twin", seed=2), tmp_path / "out")
    real, real_logvar = two_pickles(tmp_path / "out" / "z.pkl")
    twin, twin_logvar = two_pickles(tmp_path / "out" / "z_twin.pkl")
    twin_of = derangement(30, 2)
    # with its own translation and CTF a twin is encoded as the image that it is
    np.testing.assert_allclose(twin, real[twin_of], atol=1e-6)
    np.testing.assert_allclose(twin_logvar, real_logvar[twin_of], atol=1e-6)


def test_images_held_out_are_nobody_s_twin_among_those_trained_on(run: FreshRun, tmp_path: Path) -> None:
    train(settings_for(run, "twin", seed=2, held_out=0.3), tmp_path / "out")
    real, twin = (two_pickles(tmp_path / "out" / name)[0] for name in ("z.pkl", "z_twin.pkl"))
    shown = np.linalg.norm(twin[:, None] - real[None], axis=2).argmin(axis=1)
    with np.load(tmp_path / "out" / "evaluation.npz") as arrays:
        held_out = arrays["held_out"]
    assert held_out.sum() == 9
    np.testing.assert_array_equal(held_out[shown], held_out)
    with pytest.raises(InputError, match="leaves one image alone"):
        train(settings_for(run, "twin", held_out=0.01), tmp_path / "alone")
    assert not (tmp_path / "alone").exists()


def test_exchanged_twins_come_from_the_same_part(run: FreshRun) -> None:
    objective = objective_for(settings_for(run, "twin", seed=2))
    asked: list[np.ndarray] = []
    per_image = objective.per_image

    def noted(positions, noise, whose=None):
        if whose is not None:
            asked.append(np.stack([positions.numpy(), whose.numpy()]))
        return per_image(positions, noise, whose)

    objective.per_image = noted
    held_out = np.arange(0, 30, 4)
    evaluate(objective, held_out, seed=2)
    images, whose = np.concatenate(asked, axis=1)
    np.testing.assert_array_equal(np.isin(images, held_out), np.isin(whose, held_out))


def test_images_held_out_are_not_learned_but_told_of(run: FreshRun, tmp_path: Path) -> None:
    record = train(settings_for(run, "vlt", held_out=0.2, table_lr=0.1), tmp_path / "out")
    assert record.held_out is not None and len(record.held_out) == 6
    assert all(epoch.held_out is not None for epoch in record.epochs)
    held = np.load(tmp_path / "out" / "evaluation.npz")["held_out"]
    assert np.flatnonzero(held).tolist() == record.held_out
    state = torch.load(tmp_path / "out" / "state.pkl")["objective"]["table"]
    moved = (state["mu.weight"] != state["start_mu"]).any(dim=1).numpy()
    assert (moved == ~held).all()


def test_a_part_of_a_stack_is_named_in_the_config(run: FreshRun, tmp_path: Path) -> None:
    (tmp_path / "ind.pkl").write_bytes(pickle.dumps(np.array([3, 5, 8, 13, 21, 1, 0, 2, 4])))
    settings = settings_for(run, "vlt", ind=str(tmp_path / "ind.pkl"), n=8)
    train(settings, tmp_path / "out")
    opened = open_encoder(str(tmp_path / "out"))
    rows = pickle.loads((tmp_path / "out" / "ind.pkl").read_bytes())
    assert rows.tolist() == [3, 5, 8, 13, 21, 1, 0, 2]
    assert isinstance(opened, OpenedCryodrgn)
    assert opened.config.dataset_args.ind == str(tmp_path / "out" / "ind.pkl")


def test_a_frozen_table_stays_where_it_starts(run: FreshRun, tmp_path: Path) -> None:
    record = train(settings_for(run, "vlt", init="zero", freeze=True, table_lr=1.0), tmp_path / "out")
    assert record.travel is not None
    assert (record.travel.mu, record.travel.logvar) == (0.0, 0.0)
    mu, logvar = two_pickles(tmp_path / "out" / "z.pkl")
    assert (mu == 0).all()
    assert (logvar == -8).all()


def test_travel_is_the_way_from_the_start(run: FreshRun, tmp_path: Path) -> None:
    record = train(settings_for(run, "vlt", init="zero", table_lr=0.1), tmp_path / "out")
    mu, logvar = two_pickles(tmp_path / "out" / "z.pkl")
    assert record.travel is not None
    assert record.travel.mu == pytest.approx(float(np.sqrt((mu**2).mean())), rel=1e-5)
    assert record.travel.logvar == pytest.approx(float(np.sqrt(((logvar + 8) ** 2).mean())), rel=1e-5)
    assert record.travel.mu > 0.1


def test_divergence_leaves_the_checkpoint_before_it(run: FreshRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train(settings_for(run, epochs=1), out)
    before = kept(out)
    settings, record = resumed(out, "vae", {"epochs": 5})
    wild = settings.model_copy(update={"lr": 1e30})
    state = RunFolder(out).read_state()
    state["objective"]["optimizers"][0]["param_groups"][0]["lr"] = 1e30
    RunFolder(out).write_torch("state.pkl", state)
    with pytest.raises(DivergedError, match="no longer a number"):
        train(wild, out, before=record)
    assert {name: kept(out)[name] for name in ("weights.1.pkl", "z.1.pkl")} == {
        name: before[name] for name in ("weights.1.pkl", "z.1.pkl")
    }


def test_divergence_before_the_first_checkpoint_leaves_nothing(run: FreshRun, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for out in (tmp_path / "new", tmp_path / "there"):
        with pytest.raises(DivergedError, match="no longer a number"):
            train(settings_for(run, lr=1e30, epochs=3), out)
    assert not (tmp_path / "new").exists() and not list((tmp_path / "there").iterdir())


def test_a_full_disk_before_the_first_checkpoint_leaves_nothing(
    run: FreshRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Path.write_text

    def full(path: Path, data: str, *given: object, **told: object) -> int:
        if path.name.startswith("run.json"):
            raise OSError(28, "No space left on device", str(path))
        return written(path, data, *given, **told)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match=r"No space left on device; there is no checkpoint yet\. Make room, and train"):
        train(settings_for(run), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_that_was_killed_before_its_first_checkpoint_is_begun_again(
    run: FreshRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed() -> bool:
        raise Killed

    out, settings = tmp_path / "out", settings_for(run)
    with pytest.raises(Killed):
        train(settings, out, stop=killed)
    assert (out / "run.json").exists() and not (out / "state.pkl").exists()
    again, before = resumed(out, "vae", {})
    train(again, out, before=before)
    train(settings, tmp_path / "whole")
    assert kept(out) == kept(tmp_path / "whole")


def test_a_run_whose_state_is_gone_does_not_begin_again_in_silence(run: FreshRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    train(settings_for(run, epochs=1), out)
    (out / "state.pkl").unlink()
    before = kept(out)
    settings, record = resumed(out, "vae", {"epochs": 2})
    with pytest.raises(InputError, match=r"No state\.pkl in"):
        train(settings, out, before=record)
    assert kept(out) == before and (out / "run.json").exists()


def test_two_processes_are_not_in_one_folder(run: FreshRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(StoppedError):
        train(settings_for(run), out, stop=after(2))
    settings, record = resumed(out, "vae", {})
    other = RunFolder(out)
    other.reopen()
    with pytest.raises(InputError, match="Another process is training in"):
        train(settings, out, before=record)
    with pytest.raises(InputError, match="Another process is training in"):
        train(settings, out)
    other.release()
    (out / "weights.1.pkl.7.part").write_bytes(b"of a process that was killed")
    train(settings, out, before=record)
    assert not [path.name for path in out.iterdir() if path.name.endswith((".part", "-lock"))]


def test_the_state_of_another_run_is_refused(run: FreshRun, tmp_path: Path) -> None:
    for name, zdim in (("one", 2), ("other", 3)):
        with pytest.raises(StoppedError):
            train(settings_for(run, zdim=zdim), tmp_path / name, stop=after(2))
    (tmp_path / "one" / "state.pkl").write_bytes((tmp_path / "other" / "state.pkl").read_bytes())
    settings, record = resumed(tmp_path / "one", "vae", {})
    with pytest.raises(InputError, match="is not of this run"):
        train(settings, tmp_path / "one", before=record)


def test_a_full_disk_leaves_the_last_good_checkpoint(
    run: FreshRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, settings = tmp_path / "out", settings_for(run, epochs=3)
    train(settings, tmp_path / "whole")
    written = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name.startswith("weights.2"):
            written(path, data[:100])
            raise OSError(28, "No space left on device", str(path))
        return written(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(InputError, match=r"No space left on device; the checkpoint of epoch 1 is whole.*--resume"):
            train(settings, out)
    assert not list(out.glob("*.part"))
    assert not (out / "weights.2.pkl").exists()
    again, before = resumed(out, "vae", {})
    train(again, out, before=before)
    assert kept(out) == kept(tmp_path / "whole")


def test_what_cannot_be_trained_is_refused_and_leaves_nothing(run: FreshRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    refused: list[tuple[Settings, str]] = [
        (settings_for(run, batch_size=31), "30 images to train on, fewer than the 31 of one batch"),
        (settings_for(run, held_out=0.9), "3 images to train on, fewer than the 8"),
        (settings_for(run, pe_type="none"), "--pe-type none works with --domain hartley"),
        (settings_for(run, enc_mask=9), "looks at images to a radius of 9 pixels; .* have a box of 16"),
        (settings_for(run, "vlt", init="nowhere"), "--init nowhere: expected random"),
        (settings_for(run, "twin", n=1, batch_size=1), "at least 2 images to swap"),
    ]
    for settings, words in refused:
        with pytest.raises(InputError, match=words):
            train(settings, out)
        assert not out.exists()


def test_images_that_are_no_numbers_are_named(run: FreshRun, tmp_path: Path) -> None:
    import mrcfile

    run.images[[4, 17], 3, 3] = np.nan
    with pytest.warns(RuntimeWarning, match="NaN"):
        mrcfile.write(run.particles, run.images, voxel_size=4.0, overwrite=True)
    for norm in (None, (0.0, 25.0)):  # to be estimated, which cannot be, or given
        with pytest.raises(InputError, match="2 images have pixels that are not finite numbers, in rows 4, 17"):
            train(settings_for(run, norm=norm), tmp_path / "out")


def test_a_folder_with_something_in_it_is_left_alone(run: FreshRun, tmp_path: Path) -> None:
    train(settings_for(run), tmp_path / "out")
    with pytest.raises(InputError, match=r"not empty.*--resume"):
        train(settings_for(run), tmp_path / "out")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    with pytest.raises(InputError, match=r"not empty.*another folder"):
        train(settings_for(run), tmp_path / "other")
