"""Has a training run learned, or remembered? Measures of its losses, its table, its volumes and latents (numpy)."""

from encaudit.memorisation.agreement import Agreement, ClusterKept, agree
from encaudit.memorisation.heterogeneity import relative_heterogeneity, volume_heterogeneity
from encaudit.memorisation.labels import label_accuracy
from encaudit.memorisation.losses import (
    explained_held_out,
    explained_heterogeneity,
    loss_difference,
    memorisation_index,
    twin_dependence,
)
from encaudit.memorisation.travel import table_travel

__all__ = [
    "Agreement",
    "ClusterKept",
    "agree",
    "explained_held_out",
    "explained_heterogeneity",
    "label_accuracy",
    "loss_difference",
    "memorisation_index",
    "relative_heterogeneity",
    "table_travel",
    "twin_dependence",
    "volume_heterogeneity",
]
