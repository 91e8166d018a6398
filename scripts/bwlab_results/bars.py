"""Few labels: a panel a workload, a group of bars a thread count, a bar a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bwlab_results import page, style
from bwlab_results.load import Results
from bwlab_results.measures import Measure

_GRID = page.Grid(columns_max=3, panel_width=3.1, panel_height=1.8, gap_x=0.55, gap_y=0.66,
                  left=0.8, right=0.15, top=1.22, bottom=1.3, width_min=7.5)
_UPRIGHT_BAR_MIN = 0.26  # inches; a narrower bar has its text turned
_GROUP_WIDTH = 0.86  # of the distance between two groups


def draw(results: Results, measure: Measure, points: pd.DataFrame) -> Figure:
    """The figure of `points`: summarise() of each of the measure's metrics, one after another.

    Call inside style.applied().
    """
    panels, labels = results.panels(), results.ordered("label")
    layout = _layout(panels)
    bars = points[points["metric"] == measure.metric]
    whiskers = page.whiskers_of(bars)
    baseline = bars["baseline"].iloc[0]
    handles, legend_columns = _legend(labels, measure, baseline, layout.width(len(panels)))
    figure, grid = layout.figure(len(panels), -(-len(handles) // legend_columns),
                                 "y" if measure.shared_axis else "no")
    for axes, (workload, sweep) in zip(grid.flat, panels):
        _panel(axes, measure, page.points_of(points, workload, sweep), labels, whiskers,
               layout.panel_width)
        page.panel_title(axes, workload, sweep, results.frame)
    if measure.shared_axis:
        grid.flat[0].set_ylim(0, _top(points, measure, labels, layout.panel_width))
    for axes in grid[:, 0]:
        axes.set_ylabel(measure.axis, fontsize=8.5)
        axes.yaxis.set_label_coords(-0.5 * layout.left / layout.panel_width, 0.5)  # rows aligned
    page.head(figure, results, measure)
    page.legend(figure, handles, legend_columns, baseline)
    page.foot(figure, results, bars, "Bars", whiskers, _numbers_meaning(measure, bars))
    return figure


def _layout(panels: Sequence[tuple[str, str]]) -> page.Grid:
    """The grid, with wider panels where there are fewer in a row."""
    columns = page.columns_of(panels, _GRID.columns_max)
    row = _GRID.columns_max * (_GRID.panel_width + _GRID.gap_x)
    return replace(_GRID, columns_max=columns, panel_width=row / columns - _GRID.gap_x)


def _panel(axes: Axes, measure: Measure, points: pd.DataFrame, labels: Sequence[str],
           whiskers: page.Whiskers, panel_width: float) -> None:
    thread_counts = sorted(points["threads"].unique())
    bars = points[points["metric"] == measure.metric]
    marks = points[points["metric"] != measure.metric]
    bar_width = _GROUP_WIDTH / len(labels)
    narrow = _bar_inches(panel_width, len(labels), len(thread_counts)) < _UPRIGHT_BAR_MIN
    for position, label in enumerate(labels):
        mine = bars[bars["label"] == label].set_index("threads").reindex(thread_counts)
        x = np.arange(len(thread_counts)) + (position - (len(labels) - 1) / 2) * bar_width
        low, mid, high = (measure.scale * mine[name].to_numpy(float)
                          for name in (whiskers.low, "median", whiskers.high))
        axes.bar(x, mid, bar_width * 0.92, **style.look(position))
        there = ~np.isnan(mid)
        lengths = [(mid - low)[there], (high - mid)[there]]
        axes.errorbar(x[there], mid[there], yerr=lengths, fmt="none", ecolor=style.INK,
                      elinewidth=0.9, capsize=1.8, capthick=0.9, zorder=3)
        mark = marks[marks["label"] == label].set_index("threads").reindex(thread_counts)
        mark_at = measure.scale * mark["median"].to_numpy(float)
        texts = _bar_texts(mine, mark, measure, ", " if narrow else "\n")
        axes.plot(x, mark_at, **style.MARK)
        # nothing where the bar itself is missing; fmax takes the number where only one is
        text_at = np.where(np.isnan(high), np.nan, np.fmax(high, mark_at))
        for at, top, text in zip(x, text_at, texts):
            missing = np.isnan(top)
            axes.annotate("not measured" if missing else text, (at, 0 if missing else top), (0, 4),
                          textcoords="offset points", ha="center", va="bottom", fontsize=6.5,
                          color=style.MUTED, rotation=90 if missing or narrow else 0,
                          bbox=style.OVER_LINES)
    if measure.number == "ratio":
        of_baseline = bars[bars["label"] == bars["baseline"]].set_index("threads")["median"]
        for group, threads in enumerate(thread_counts):
            if threads in of_baseline:
                axes.hlines(measure.scale * of_baseline[threads], group - _GROUP_WIDTH / 2,
                            group + _GROUP_WIDTH / 2, zorder=2.5, **style.BASELINE)
    if measure.floor is not None:
        axes.axhline(measure.floor[0], **style.FLOOR_LINE, zorder=4)
    axes.set_xticks(range(len(thread_counts)), [page.thread_text(count) for count in thread_counts])
    axes.set_xlim(-0.5, len(thread_counts) - 0.5)
    axes.set_ylim(0, _top(points, measure, labels, panel_width))


def _bar_inches(panel_width: float, labels: int, thread_counts: int) -> float:
    return panel_width / thread_counts * _GROUP_WIDTH / labels


def _top(points: pd.DataFrame, measure: Measure, labels: Sequence[str],
         panel_width: float) -> float:
    """Upper end of the axis: room for the text above the highest whisker."""
    highest = points["max"].max() * measure.scale
    floor = measure.floor[0] if measure.floor else 0
    narrow = (_bar_inches(panel_width, len(labels), points["threads"].nunique())
              < _UPRIGHT_BAR_MIN)
    room = 0.03 + 0.11 * (2 if narrow else 1) * (2 if measure.marked else 1)
    return (1 + room) * max(0 if np.isnan(highest) else highest, floor) or 1


def _legend(labels: Sequence[str], measure: Measure, baseline: str | None,
            width: float) -> tuple[list[Artist], int]:
    """The legend's entries, and in how many columns they fit a figure of this width in inches."""
    handles: list[Artist] = [Patch(label=label, **style.look(position))
                             for position, label in enumerate(labels)]
    if measure.number == "ratio" and baseline is not None:
        handles.append(Line2D([], [], label=f"as {baseline}", **style.BASELINE))
    if measure.marked is not None:
        handles.append(Line2D([], [], label=measure.marked[1], **style.MARK))
    if measure.floor is not None:
        handles.append(Line2D([], [], label=measure.floor[1], **style.FLOOR_LINE))
    entries = [0.6 + 0.072 * len(handle.get_label()) for handle in handles]  # widths, about
    if sum(entries) <= width:
        return handles, len(handles)
    return handles, max(1, int(width / max(entries)))


def _numbers_meaning(measure: Measure, bars: pd.DataFrame) -> str:
    baseline = bars["baseline"].iloc[0]
    if measure.number == "median":
        mark = f"; {style.MARK_SIGN} the median {measure.marked[1]}" if measure.marked else ""
        return f"Number above a bar: its median{mark}."
    if baseline is None:
        return ""
    return f"Number above a bar: ratio to {baseline} at {page.same_text(bars, 'thread count')}."


def _bar_texts(bars: pd.DataFrame, marks: pd.DataFrame, measure: Measure,
               separator: str) -> list[str]:
    """What stands above each bar; where there is a mark as well, its value comes first."""
    if measure.number == "ratio":
        return [page.ratio_text(ratio) for ratio in bars["ratio"]]
    texts = []
    for bar, mark in zip(measure.scale * bars["median"], measure.scale * marks["median"]):
        both = [f"{bar:.3g}"] if np.isnan(mark) else [f"{style.MARK_SIGN}{mark:.3g}", f"{bar:.3g}"]
        texts.append(separator.join(both))
    return texts
