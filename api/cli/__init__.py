"""The command line: each command reads its words, calls the work, and prints what came of it."""

from api.cli.main import main

__all__ = ["main"]
