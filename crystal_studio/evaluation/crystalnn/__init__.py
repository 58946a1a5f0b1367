"""CrystalNN fingerprints of crystals: coordination numbers and local order parameters, mean over sites."""

from crystal_studio.evaluation.crystalnn.fingerprints import crystalnn_fingerprints
from crystal_studio.evaluation.crystalnn.motifs import LABELS, WIDTH

__all__ = ["LABELS", "WIDTH", "crystalnn_fingerprints"]
