"""What speaks against an execution: what the customer signed (``mandates``), and what operators set (the rest)."""

from modes.rules.mandates import COMMITTED, Objection, at_placing, nearest, objections, room, spent, total_of

__all__ = ["COMMITTED", "Objection", "at_placing", "nearest", "objections", "room", "spent", "total_of"]
