"""``python -m crystal_studio`` is ``crystal-studio``."""

import sys

from crystal_studio.cli.main import main

if __name__ == "__main__":
    if getattr(sys, "frozen", False):
        import multiprocessing

        multiprocessing.freeze_support()
        if sys.argv[1:2] == ["-m"]:  # from dask-jobqueue, which takes a bundle for a Python when it starts its workers
            import runpy

            module = sys.argv[2]
            del sys.argv[1:3]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
            sys.exit()
    sys.exit(main())
