"""``python -m crystal_studio`` is ``crystal-studio``."""

import sys

from crystal_studio.cli.main import main

if __name__ == "__main__":
    if getattr(sys, "frozen", False):
        import multiprocessing

        multiprocessing.freeze_support()
    sys.exit(main())
