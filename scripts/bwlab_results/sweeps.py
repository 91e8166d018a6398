"""Coordinates: the values of a cell on the axes of the spec's sweep, as text for people.

"keys.count=1000, keys.space=mono_int"; empty where the spec sweeps nothing that matters to the
cell. An axis of an engine's options goes without `engine_options.`, as in run_experiment's tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

_PREFIX = "engine_options."


def text_of(coordinates: Mapping[str, Any]) -> str:
    return ", ".join(f"{axis.removeprefix(_PREFIX)}={_shown(coordinates[axis])}"
                     for axis in sorted(coordinates))


def agree(one: str, other: str) -> bool:
    """Whether they have the same value on each axis that both have."""
    mine, others = _parts(one), _parts(other)
    return all(others.get(axis, value) == value for axis, value in mine.items())


def covers(one: str, other: str) -> bool:
    """Whether `one` has all values of `other`, and perhaps more."""
    return _parts(other).items() <= _parts(one).items()


def axes_of(texts: Iterable[str]) -> list[str]:
    return sorted({axis for text in texts for axis in _parts(text)})


def divided(text: str, axes: Iterable[str]) -> tuple[str, str]:
    """The coordinates on `axes`, and the others."""
    parts = _parts(text)
    chosen = [f"{axis}={value}" for axis, value in parts.items() if axis in axes]
    others = [f"{axis}={value}" for axis, value in parts.items() if axis not in axes]
    return ", ".join(chosen), ", ".join(others)


def widest(texts: Iterable[str], spec: Mapping[str, Any]) -> list[str]:
    """Those that no other one covers, each once, in the order of the spec's sweep."""
    distinct = in_order(texts, spec)
    return [text for text in distinct
            if not any(other != text and covers(other, text) for other in distinct)]


def in_order(texts: Iterable[str], spec: Mapping[str, Any]) -> list[str]:
    """Each once, in the order of the spec's sweep."""
    sweep = spec.get("sweep")
    places = {(axis.removeprefix(_PREFIX), _shown(value)): place
              for axis, values in (sweep.items() if isinstance(sweep, dict) else ())
              if isinstance(values, list) for place, value in enumerate(values)}
    return sorted(set(texts), key=lambda text: [
        (axis, places.get((axis, value), len(places)), value)
        for axis, value in _parts(text).items()])


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _parts(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(", ")) if text else {}
