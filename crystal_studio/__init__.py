"""Crystal Studio: inverse design of crystals by point and click."""

import os

__version__ = "0.1.0"

# Looking through every installed package for plugins of pydantic takes a quarter of its import.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
