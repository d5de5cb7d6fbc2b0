"""All pairs of two clouds of points: counts, sums and exact neighbours, without an n x n matrix (numpy; no torch)."""

from encaudit.pairs.all_pairs import count_nearer, distance_sums, hits_of_points
from encaudit.pairs.nearest import Neighbours, nearest_of_all, nearest_others

__all__ = ["Neighbours", "count_nearer", "distance_sums", "hits_of_points", "nearest_of_all", "nearest_others"]
