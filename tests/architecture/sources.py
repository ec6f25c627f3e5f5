"""The source files that the rules are about."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def modules() -> list[Path]:
    """Every Python file of the node and the worklists."""
    return sorted(file for folder in ("node", "worklists") for file in (ROOT / folder).rglob("*.py"))
