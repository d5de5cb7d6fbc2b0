"""The whole study in one table: each figure's system, how it is trained or probed, what is claimed, by which bounds.

Claims are the paper's (Edelberg & Lederman 2025), put so that they can fail; those of figures 3, 25 and 26 are put by
us. Bounds are proposals of this project, set before the rows were run. E (explained heterogeneity), m (memorisation
index), T (twin dependence), K (table travel), H (volume heterogeneity) and agreement are those of
``encaudit.memorisation``.
"""

from encaudit.study.bounds import Bound, above, as_high_as, as_low_as, at_least, at_most
from encaudit.study.tasks import (
    BASE,
    DIGITS,
    DIGITS_TABLE,
    NULL,
    SEED,
    Probed,
    ProbedDigits,
    Row,
    Timed,
    Trained,
    TrainedDigits,
)


def _explains(share: float) -> Bound:
    return at_least("explained_heterogeneity", "E", share)


def _gains(over: str, title: str) -> Bound:
    return above(f"nats_over_{over}", f"nats gained over {title}", 0)


def _travels(share: float) -> Bound:
    return at_least("table_travel", "K, table travel", share)


AS_THE_VAE = (
    *(_explains(0.9), _travels(0.5)),
    as_high_as("run_cluster_agreement", "cluster agreement with figure 3", SEED),
)
ABOVE_ONE_VOLUME = above("explained_heterogeneity", "E", 0)
DEPENDS = above("twin_dependence", "T", 0)
RANDOM = {"init": "random", "moments_from": f"{{{BASE}}}"}  # {KEY}: the folder of that row's run


def _lost(spec: str) -> tuple[Bound, ...]:
    """Ask what "no agreement between an image and its moved copy" asks for; refuted where copies keep their place."""
    return (
        at_least(f"{spec}/retrieval_rank", f"retrieval rank, {spec}", 0.4, refuted_below=0.05),
        at_most(f"{spec}/recoverability", f"recoverability, {spec}", 0.1, refuted_above=0.9),
    )


# fmt: off
ROWS: tuple[Row, ...] = (
    Row(NULL, "22", "table of zeros, frozen", Trained("vlt", {"init": "zero", "freeze": True}),
        "With one latent for all, the decoder makes one consensus volume.",
        (at_most("relative_heterogeneity", "H, of figure 3's", 0.01),)),
    Row(BASE, "3, 20", "cryoDRGN's VAE", Trained("vae", over=NULL),
        "The VAE explains differences between particles.", (_gains(NULL, "one volume"),)),
    Row(SEED, "3 again", "the same from another seed", Trained("vae", seed_offset=1),
        "Another seed explains as much; how far equal runs differ is the floor for all others.",
        (_explains(0.9), at_most("explained_heterogeneity", "E", 1.1))),
    Row("fig5", "4, 5", "table, random start", Trained("vlt", RANDOM),
        "A table of latents without any encoder does as well as the VAE.", AS_THE_VAE),
    Row("fig21", "21", "table, zero start", Trained("vlt", {"init": "zero"}),
        "So does a table that starts at zero.", AS_THE_VAE),
    Row("fig23", "23", "random table, frozen", Trained("vlt", RANDOM | {"freeze": True}),
        "From latents that mean nothing the decoder makes (almost) one volume.",
        (at_most("table_travel", "K, table travel", 0), at_most("relative_heterogeneity", "H, of figure 3's", 0.5))),
    Row("fig24", "24", "figure 3's latents, frozen", Trained("vlt", {"init": f"pretrained:{{{BASE}}}", "freeze": True}),
        "A new decoder on the VAE's latents recovers what figure 3 shows.", (_explains(0.95),)),
    Row("fig7", "6, 7", "evil twin: another image", Trained("twin", {"twin": "permutation"}),
        "An encoder can memorize arbitrary twins: when they are exchanged, they are missed.",
        (DEPENDS, ABOVE_ONE_VOLUME)),
    Row("fig8", "8", "evil twin, large encoder", Trained("twin", {"twin": "permutation"}, "large", over="fig7"),
        "A larger encoder memorizes more of them.", (DEPENDS, ABOVE_ONE_VOLUME, _gains("fig7", "figure 7"))),
    Row("fig9", "9", "evil twin of noise, large encoder", Trained("twin", {"twin": "noise"}, "large"),
        "It memorizes even fixed noise in the place of images.", (DEPENDS, ABOVE_ONE_VOLUME)),
    Row("fig25", "25", "small encoder, two latents", Trained("vae", size="small", over=NULL),
        "A small encoder with two latents explains differences too.", (_gains(NULL, "one volume"),)),
    Row("fig26", "26", "evil twin, small encoder", Trained("twin", {"twin": "permutation"}, "small", real="fig25"),
        "A small encoder memorizes a smaller part of what it gains than figure 7's.",
        (as_low_as("memorisation_index", "m, memorisation index", "fig7"), as_low_as("twin_dependence", "T", "fig7"))),
    Row("fig10", "10", "figure 3 probed: 1 pixel to the right", Probed(("roll1",)),
        "No agreement between the latent of an image and of its shifted copy.", _lost("roll1")),
    Row("fig11", "11", "figure 3 probed: a quarter turn", Probed(("rot90:frame=array", "rot90")),
        "No agreement after a quarter turn: as in the paper (frame array), and with the metadata turned along (rot90).",
        _lost("rot90:frame=array") + _lost("rot90")),
    Row(DIGITS, "12, 13", "VAE of digits", TrainedDigits("vae"), "Two latents tell the digits apart.",
        (at_least("label_accuracy", "share named by its 10 nearest", 0.6, refuted_below=0.3),)),
    Row("fig15", "14, 15", "its digits shifted by 1", ProbedDigits(("roll1",)),
        "A shift by one pixel moves latents, and most reconstructions stay the digit they are.",
        (at_least("roll1/displacement_ratio", "displacement ratio", 0.05),
         at_least("roll1/digit_agreement", "share reconstructed as its digit", 0.5))),
    Row("fig17", "16, 17", "its digits shifted by 5", ProbedDigits(("roll1", "roll5")),
        "By five pixels they move further, and reconstructions turn into other digits.",
        (above("further", "further than by 1, in random-pair distances", 0),
         above("rank_rises", "rank above that of 1", 0),
         above("agreement_falls", "share reconstructed as its digit, below that of 1", 0))),
    Row(DIGITS_TABLE, "18, 19", "table of digits, zero start", TrainedDigits("vlt", over=DIGITS),
        "The table reconstructs digits better than the VAE, at the price of more KL.",
        (_gains(DIGITS, "the VAE"), above("kl_above", "KL above the VAE's (nats)", 0), _travels(0.5))),
    Row("table1", "Table 1", "seconds for an epoch", Timed((
            ("VAE", Trained("vae")), ("VLT", Trained("vlt", {"init": "zero"})), ("twin", Trained("twin")),
            ("large twin", Trained("twin", size="large")), ("small encoder", Trained("vae", size="small")))),
        "All five systems take the same time, within 6 %.",
        (at_most("furthest", "largest departure from the VAE", 0.06),)),
)
# fmt: on
BY_KEY = {row.key: row for row in ROWS}
# Every figure of the paper's names its row: fig12 is half of fig13.
KEY_OF = {f"fig{figure}": row.key for row in ROWS for figure in row.figures.split(", ") if figure.isdigit()} | {
    key: key for key in BY_KEY
}


def needed_by(key: str) -> list[str]:
    """Return the rows that a row is measured with: their runs, or what they measured."""
    row = BY_KEY[key]
    found = [bound.row for bound in row.bounds if bound.row is not None]
    match row.task:
        case Trained():
            named = [name for name in BY_KEY if f"{{{name}}}" in str(row.task.options)]
            found += [NULL, BASE, *named, row.task.real] + ([row.task.over] if row.task.over else [])
        case Probed():
            found.append(BASE)
        case TrainedDigits():
            found += [DIGITS, DIGITS_TABLE]
        case ProbedDigits():
            found.append(DIGITS)
        case Timed():
            pass
    return [one for one in dict.fromkeys(found) if one != key]
