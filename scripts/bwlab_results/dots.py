"""Many labels: a panel a workload, a line a label from the largest median down, a dot a thread
count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bwlab_results import page, style
from bwlab_results.load import Results
from bwlab_results.measures import Measure

_COLUMNS_MAX = 2
_LINE = 0.19  # inches a label
_NUMBER = 0.42  # inches a number at the right of a panel
_LETTER = 0.066  # inches a letter of a label, about
_APART = 0.36  # between the first and the last dot of a line, in lines
_MARK = {**style.MARK, "color": "none", "markersize": 7}  # around the dot where both are equal


def draw(results: Results, measure: Measure, points: pd.DataFrame) -> Figure:
    """The figure of `points`: summarise() of each of the measure's metrics, one after another.

    Call inside style.applied().
    """
    panels, labels = results.panels(), results.ordered("label")
    thread_counts = sorted(points["threads"].unique())
    dots = points[points["metric"] == measure.metric]
    whiskers = page.whiskers_of(dots)
    names = 0.25 + _LETTER * max(len(label) for label in labels)
    numbers = _NUMBER * len(thread_counts) + 0.1
    grid = page.Grid(columns_max=page.columns_of(panels, _COLUMNS_MAX), panel_width=3.3, panel_height=_LINE * len(labels),
                     gap_x=names + numbers, gap_y=0.85, left=names, right=numbers, top=1.22,
                     bottom=1.55, width_min=7.5)
    figure, axes_grid = grid.figure(len(panels), 1, "x" if measure.shared_axis else "no")
    for axes, (workload, sweep) in zip(axes_grid.flat, panels):
        _panel(axes, measure, page.points_of(points, workload, sweep), labels, thread_counts,
               whiskers)
        page.panel_title(axes, workload, sweep, results.frame)
        axes.set_xlabel(measure.axis, fontsize=8.5)
        axes.tick_params(labelbottom=True)  # below each panel, shared scale or not
    if measure.shared_axis:
        axes_grid.flat[0].set_xlim(0, _end(points, measure))
    handles = _legend(measure, thread_counts, dots["baseline"].iloc[0])
    page.head(figure, results, measure)
    page.legend(figure, handles, len(handles), None)
    page.foot(figure, results, dots, "Dots", whiskers,
              _numbers_meaning(measure, thread_counts, dots))
    return figure


def _panel(axes: Axes, measure: Measure, points: pd.DataFrame, labels: Sequence[str],
           thread_counts: Sequence[int], whiskers: page.Whiskers) -> None:
    dots = points[points["metric"] == measure.metric]
    marks = points[points["metric"] != measure.metric]
    order = _order(dots, labels)
    for position, threads in enumerate(thread_counts):
        mine = dots[dots["threads"] == threads].set_index("label").reindex(order)
        y = np.arange(len(order)) + _APART * _place(position, len(thread_counts))
        low, mid, high = (measure.scale * mine[name].to_numpy(float)
                          for name in (whiskers.low, "median", whiskers.high))
        there = ~np.isnan(mid)
        axes.errorbar(mid[there], y[there], xerr=[(mid - low)[there], (high - mid)[there]],
                      linestyle="", elinewidth=0.9, capsize=1.6, capthick=0.9,
                      zorder=3 + position, **style.dot(position))
        if measure.marked is not None:
            mark = marks[marks["threads"] == threads].set_index("label").reindex(order)
            axes.plot(measure.scale * mark["median"].to_numpy(float), y, **_MARK)
        if measure.number == "ratio":
            for median in mid[there & (mine.index == mine["baseline"])]:
                axes.axvline(median, zorder=1, **style.reference_line(position))
        for line, number in enumerate(_numbers(mine, measure)):
            axes.annotate(number, (1, line), (6 + 72 * _NUMBER * position, 0),
                          xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                          va="center", fontsize=6.5, color=style.MUTED)
    if measure.floor is not None:
        axes.axvline(measure.floor[0], **style.FLOOR_LINE, zorder=2)
    _name_lines(axes, dots, order)
    axes.set_xlim(0, _end(points, measure))


def _order(dots: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    """From the largest median at the most threads down; what has none comes last."""
    at_most = dots[dots["threads"] == dots["threads"].max()].set_index("label")["median"]
    return sorted(labels, key=lambda label: -at_most.get(label, np.nan)
                  if at_most.get(label, np.nan) >= 0 else np.inf)


def _place(position: int, count: int) -> float:
    """Of one of `count` dots around the middle of a line, from -0.5 to 0.5."""
    return position / (count - 1) - 0.5 if count > 1 else 0


def _name_lines(axes: Axes, dots: pd.DataFrame, order: Sequence[str]) -> None:
    axes.set_yticks(range(len(order)), order, fontsize=7.5)
    for text in axes.get_yticklabels():
        if text.get_text() == dots["baseline"].iloc[0]:
            text.set_fontweight("bold")
    measured = set(dots.loc[dots["n"] > 0, "label"])
    for line, label in enumerate(order):
        if label not in measured:
            axes.annotate("not measured", (0, line), (4, 0), textcoords="offset points",
                          va="center", fontsize=6.5, color=style.MUTED)
    axes.set_ylim(len(order) - 0.5, -0.5)  # the first one on top
    axes.grid(True, axis="both")


def _end(points: pd.DataFrame, measure: Measure) -> float:
    """Right end of the axis."""
    highest = points["max"].max() * measure.scale
    floor = measure.floor[0] if measure.floor else 0
    return 1.04 * max(0 if np.isnan(highest) else highest, floor) or 1


def _numbers(dots: pd.DataFrame, measure: Measure) -> list[str]:
    if measure.number == "ratio":
        return [page.ratio_text(ratio) for ratio in dots["ratio"]]
    return ["" if np.isnan(median) else f"{median:.3g}" for median in measure.scale * dots["median"]]


def _legend(measure: Measure, thread_counts: Sequence[int], baseline: str | None) -> list[Line2D]:
    handles = [Line2D([], [], linestyle="", label=page.thread_text(threads), **style.dot(position))
               for position, threads in enumerate(thread_counts)]
    if measure.number == "ratio" and baseline is not None:
        handles.append(Line2D([], [], label=baseline, **style.reference_line(0)))
    if measure.marked is not None:
        handles.append(Line2D([], [], label=measure.marked[1], **_MARK))
    if measure.floor is not None:
        handles.append(Line2D([], [], label=measure.floor[1], **style.FLOOR_LINE))
    return handles


def _numbers_meaning(measure: Measure, thread_counts: Sequence[int], dots: pd.DataFrame) -> str:
    baseline = dots["baseline"].iloc[0]
    order = f"Lines by the median at {page.thread_text(thread_counts[-1])}. "
    counts = page.enumeration([str(count) for count in thread_counts])
    at = f"at {counts} thread{'s' if thread_counts[-1] > 1 else ''}"
    if measure.number == "median":
        return f"{order}Numbers: median {at}."
    if baseline is None:
        return order
    return f"{order}Numbers: ratio to {baseline} at {page.same_text(dots)}, {at}."
