"""Encoders with known answers: what an audit has to say of them follows from how they are made.

Each is an ``Encoder``, and a factory for the command line: ``encaudit probe module:encaudit.encoders.planted:Hash``.
"""

from encaudit.encoders.planted_answer import Planted
from encaudit.encoders.planted_drawn import Constant, Hash, Jittered, Table
from encaudit.encoders.planted_geometric import LinearEquivariant, PowerSpectrum, QuarterTurn
from encaudit.encoders.planted_mixture import Mixture

__all__ = [
    "Constant",
    "Hash",
    "Jittered",
    "LinearEquivariant",
    "Mixture",
    "Planted",
    "PowerSpectrum",
    "QuarterTurn",
    "Table",
]
