"""``python -m crystal_studio`` is ``crystal-studio``."""

import multiprocessing
import sys

from crystal_studio.cli.main import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
