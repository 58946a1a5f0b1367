"""Crystal Studio: inverse design of crystals by point and click."""

__version__ = "0.1.0"
