"""CrystalNN fingerprints of crystals: coordination numbers and local order parameters, mean over sites."""

from crystal_studio.evaluation.crystalnn.fingerprints import LABELS, WIDTH, crystalnn_fingerprints

__all__ = ["LABELS", "WIDTH", "crystalnn_fingerprints"]
