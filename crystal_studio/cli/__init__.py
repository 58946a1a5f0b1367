"""The command line: one module per command, and ``main``, which tells what such a module holds."""
