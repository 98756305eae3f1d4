"""How long deciding takes, and how much memory; see ``__main__``."""
