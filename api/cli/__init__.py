"""The command line: each command reads its words, calls the work, and prints what came of it."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is first loaded; more threads are slower here

from api.cli.main import main

__all__ = ["main"]
