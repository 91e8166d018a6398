"""What figures show."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from bwlab_results.errors import ResultsError


@dataclass(frozen=True)
class Measure:
    """What a figure shows. `scale` turns the metric's unit into that of the axis."""

    name: str
    title: str
    metric: str
    axis: str
    scale: float
    shared_axis: bool  # one scale for all panels, where they are comparable
    number: str  # what is written at each median: "ratio" to the baseline, or "median"
    marked: tuple[str, str] | None = None  # a second metric, as a mark; what it says
    floor: tuple[float, str] | None = None  # a line at this place of the axis; what it says

    @property
    def metrics(self) -> list[str]:
        return [self.metric] + ([self.marked[0]] if self.marked else [])


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("throughput", "Throughput", "throughput_ops_s", "million operations a second", 1e-6,
                shared_axis=False, number="ratio"),
        Measure("memory", "Memory", "bytes_per_key", "bytes a key after the load", 1.0,
                shared_axis=True, number="median",
                marked=("bytes_per_key_after_run", "after the run"),
                floor=(16, "16 B: a key and its value")),
    )
}


def measure_named(name: str) -> Measure:
    """Raises ResultsError, with the choices, when there is no such figure."""
    if name not in MEASURES:
        near = difflib.get_close_matches(name, MEASURES, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ResultsError(f"unknown figure {name!r}{hint}; known: {', '.join(MEASURES)}")
    return MEASURES[name]
