"""What callers of the API may pass for a number. Knows nothing of what it is for."""

from __future__ import annotations

from typing import Any, TypeGuard

MAX_NUMBER = 1 << 53  # what JavaScript can count to


def is_number(value: object) -> TypeGuard[float]:
    """A finite one; yes and no are none, though Python counts with them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < MAX_NUMBER


def choice(value: Any) -> Any:
    """A number that came as text is that number: the page on the API writes choices so."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value
