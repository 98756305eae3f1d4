"""What a shop's own orders, returns and service contacts say of the parameters its decisions are made under."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parent / "policy.yaml"
