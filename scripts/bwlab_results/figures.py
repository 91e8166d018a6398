"""The figures: a panel a workload, a group of bars a thread count, a bar a label."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bwlab_results import provenance, style
from bwlab_results.errors import ResultsError
from bwlab_results.load import Results
from bwlab_results.summary import summarise

_COLUMNS_MAX = 3
# Inches: one panel without its surroundings, the gaps between panels, and the margins, of which the
# upper one holds title, legend and panel title, the lower one caption and stamp.
_PANEL_WIDTH, _PANEL_HEIGHT, _GAP_X, _GAP_Y = 3.1, 1.8, 0.55, 0.66
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.8, 0.15, 1.22, 1.3
_WIDTH_MIN = 7.5
_LEGEND_LINE = 0.22
_UPRIGHT_BAR_MIN = 0.26  # a narrower bar has its text turned
_MARK = {"color": "white", "markeredgecolor": style.INK, "linestyle": "", "marker": "D",
         "markersize": 4, "markeredgewidth": 0.9, "zorder": 5}
_MARK_SIGN = "◇"
_FLOOR_LINE = {"color": style.INK, "linewidth": 0.9, "linestyle": (0, (4, 2))}
_GROUP_WIDTH = 0.86  # of the distance between two groups


@dataclass(frozen=True)
class Measure:
    """What a figure shows. `scale` turns the metric's unit into that of the axis."""

    name: str
    title: str
    metric: str
    axis: str
    scale: float
    shared_axis: bool  # one scale for all panels, where they are comparable
    bar_text: str  # what stands above a bar: "ratio" to the baseline, or "median"
    marked: tuple[str, str] | None = None  # a second metric, as a mark on the bar; what it says
    floor: tuple[float, str] | None = None  # a line at this height of the axis; what it says

    @property
    def metrics(self) -> list[str]:
        return [self.metric] + ([self.marked[0]] if self.marked else [])


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("throughput", "Throughput", "throughput_ops_s", "million operations a second", 1e-6,
                shared_axis=False, bar_text="ratio"),
        Measure("memory", "Memory", "bytes_per_key", "bytes a key after the load", 1.0,
                shared_axis=True, bar_text="median",
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


def has_data(results: Results, measure: Measure) -> bool:
    return bool(results.frame[measure.metric].notna().any())


def plot(results: Results, name: str, folder: Path, baseline: str | None = None) -> Sequence[Path]:
    """Draws figure `name` of `results` and writes its PNG, SVG, PDF and CSV into `folder`."""
    measure = measure_named(name)
    points = pd.concat([summarise(results, metric, baseline) for metric in measure.metrics],
                       ignore_index=True)
    with style.applied():
        figure = draw(results, measure, points)
        return style.write(figure, stamped(results, points), folder, name,
                           provenance.last_start(results))


def stamped(results: Results, points: pd.DataFrame) -> pd.DataFrame:
    """The points with columns that say where they come from, so that the CSV stands alone."""
    def joined(column: str) -> str:
        return "+".join(sorted({str(v or "unknown") for v in results.frame[column]}))

    return points.assign(experiment=results.experiment, spec_sha256=joined("spec_sha256"),
                         git_commit=joined("git_commit"), host=joined("host"),
                         git_dirty=bool(provenance.dirty(results).any()))


def draw(results: Results, measure: Measure, points: pd.DataFrame) -> Figure:
    """The figure of `points`: summarise() of each of the measure's metrics, one after another.

    Call inside style.applied().
    """
    workloads, labels = results.ordered("workload"), results.ordered("label")
    bars = points[points["metric"] == measure.metric]
    columns = min(_COLUMNS_MAX, len(workloads))
    rows = -(-len(workloads) // columns)
    width = max(_LEFT + columns * (_PANEL_WIDTH + _GAP_X) - _GAP_X + _RIGHT, _WIDTH_MIN)
    handles, legend_columns = _legend(labels, measure, width)
    top = _TOP + _LEGEND_LINE * (-(-len(handles) // legend_columns) - 1)
    height = top + rows * (_PANEL_HEIGHT + _GAP_Y) - _GAP_Y + _BOTTOM
    figure = Figure(figsize=(width, height))
    grid = figure.subplots(rows, columns, squeeze=False, sharey=measure.shared_axis)
    figure.subplots_adjust(left=_LEFT / width, right=1 - _RIGHT / width, top=1 - top / height,
                           bottom=_BOTTOM / height, wspace=_GAP_X / _PANEL_WIDTH,
                           hspace=_GAP_Y / _PANEL_HEIGHT)
    for axes, workload in zip(grid.flat, workloads):
        _panel(axes, measure, points[points["workload"] == workload], labels)
        _panel_title(axes, workload, results.frame)
    for axes in grid.flat[len(workloads):]:
        axes.set_visible(False)
    if measure.shared_axis:
        grid.flat[0].set_ylim(0, _top(points, measure, labels))
    for axes in grid[:, 0]:
        axes.set_ylabel(measure.axis, fontsize=8.5)
        axes.yaxis.set_label_coords(-0.5 * _LEFT / _PANEL_WIDTH, 0.5)  # rows aligned
    _head(figure, results, measure)
    figure.legend(handles=handles, ncol=legend_columns, loc="upper left", fontsize=9,
                  bbox_to_anchor=(0.04 / width, 1 - 0.44 / height), handlelength=2.2,
                  handleheight=1.1, columnspacing=1.8)
    _foot(figure, results, measure, bars)
    return figure


def _panel(axes: Axes, measure: Measure, points: pd.DataFrame, labels: Sequence[str]) -> None:
    thread_counts = sorted(points["threads"].unique())
    bars = points[points["metric"] == measure.metric]
    marks = points[points["metric"] != measure.metric]
    bar_width = _GROUP_WIDTH / len(labels)
    narrow = _bar_inches(len(labels), len(thread_counts)) < _UPRIGHT_BAR_MIN
    for position, label in enumerate(labels):
        mine = bars[bars["label"] == label].set_index("threads").reindex(thread_counts)
        x = np.arange(len(thread_counts)) + (position - (len(labels) - 1) / 2) * bar_width
        low, mid, high = (measure.scale * mine[name].to_numpy(float)
                          for name in ("min", "median", "max"))
        axes.bar(x, mid, bar_width * 0.92, **style.look(position))
        there = ~np.isnan(mid)
        whiskers = [(mid - low)[there], (high - mid)[there]]
        axes.errorbar(x[there], mid[there], yerr=whiskers, fmt="none", ecolor=style.INK,
                      elinewidth=0.9, capsize=1.8, capthick=0.9, zorder=3)
        mark = marks[marks["label"] == label].set_index("threads").reindex(thread_counts)
        mark_at = measure.scale * mark["median"].to_numpy(float)
        texts = _bar_texts(mine, mark, measure, ", " if narrow else "\n")
        axes.plot(x, mark_at, **_MARK)
        # nothing where the bar itself is missing; fmax takes the number where only one is
        text_at = np.where(np.isnan(high), np.nan, np.fmax(high, mark_at))
        for at, top, text in zip(x, text_at, texts):
            missing = np.isnan(top)
            axes.annotate("not measured" if missing else text, (at, 0 if missing else top), (0, 4),
                          textcoords="offset points", ha="center", va="bottom", fontsize=6.5,
                          color=style.MUTED, rotation=90 if missing or narrow else 0)
    if measure.floor is not None:
        axes.axhline(measure.floor[0], **_FLOOR_LINE, zorder=4)
    axes.set_xticks(range(len(thread_counts)), [_thread_text(count) for count in thread_counts])
    axes.set_xlim(-0.5, len(thread_counts) - 0.5)
    axes.set_ylim(0, _top(points, measure, labels))


def _bar_inches(labels: int, thread_counts: int) -> float:
    return _PANEL_WIDTH / thread_counts * _GROUP_WIDTH / labels


def _top(points: pd.DataFrame, measure: Measure, labels: Sequence[str]) -> float:
    """Upper end of the axis: room for the text above the highest whisker."""
    highest = points["max"].max() * measure.scale
    floor = measure.floor[0] if measure.floor else 0
    narrow = _bar_inches(len(labels), points["threads"].nunique()) < _UPRIGHT_BAR_MIN
    room = 0.03 + 0.11 * (2 if narrow else 1) * (2 if measure.marked else 1)
    return (1 + room) * max(0 if np.isnan(highest) else highest, floor) or 1


def _panel_title(axes: Axes, workload: str, frame: pd.DataFrame) -> None:
    name = workload.replace("ycsb_", "YCSB ").replace("_", " ")
    name = f"{name[:5]}{name[5:].upper()}" if name.startswith("YCSB ") else name
    mixes = frame.loc[frame["workload"] == workload, "mix"]
    axes.set_title(name, loc="left", fontsize=10, fontweight="bold", pad=7)
    axes.set_title(mixes.iloc[0], loc="right", fontsize=7.5, color=style.MUTED, pad=7)


def _legend(labels: Sequence[str], measure: Measure, width: float) -> tuple[list[Artist], int]:
    """The legend's entries, and in how many columns they fit a figure of this width in inches."""
    handles: list[Artist] = [Patch(label=label, **style.look(position))
                             for position, label in enumerate(labels)]
    if measure.marked is not None:
        handles.append(Line2D([], [], label=measure.marked[1], **_MARK))
    if measure.floor is not None:
        handles.append(Line2D([], [], label=measure.floor[1], **_FLOOR_LINE))
    entries = [0.6 + 0.072 * len(handle.get_label()) for handle in handles]  # widths, about
    if sum(entries) <= width:
        return handles, len(handles)
    return handles, max(1, int(width / max(entries)))


def _head(figure: Figure, results: Results, measure: Measure) -> None:
    width, height = figure.get_size_inches()
    title = results.spec.get("title")
    about = f": {title}" if isinstance(title, str) and title else ""
    figure.text(0.12 / width, 1 - 0.16 / height, f"{measure.title}{about}", fontsize=13,
                fontweight="bold", va="top")


def _foot(figure: Figure, results: Results, measure: Measure, points: pd.DataFrame) -> None:
    width, height = figure.get_size_inches()
    baseline = points["baseline"].iloc[0]
    repetitions = _span(points.loc[points["n"] > 0, "n"])
    caption = (f"Bars: median; whiskers: minimum to maximum; n = {repetitions} repetitions. "
               f"{_span(results.frame['record_count'])} records, "
               f"{_span(results.frame['op_count'])} operations.")
    if measure.bar_text == "median":
        caption += "\nNumber above a bar: its median"
        caption += f"; {_MARK_SIGN} the median {measure.marked[1]}." if measure.marked else "."
    elif baseline is not None:
        caption += (f"\nNumber above a bar: ratio to {baseline} at the same workload and "
                    "thread count.")
    figure.text(0.12 / width, 0.9 / height, caption, fontsize=8, va="top", linespacing=1.45)
    figure.text(0.12 / width, 0.46 / height, "\n".join(provenance.stamp(results)), fontsize=7,
                color=style.MUTED, va="top", linespacing=1.45)


def _bar_texts(bars: pd.DataFrame, marks: pd.DataFrame, measure: Measure,
               separator: str) -> list[str]:
    """What stands above each bar; where there is a mark as well, its value comes first."""
    if measure.bar_text == "ratio":
        return ["" if np.isnan(ratio) else _ratio_text(ratio) for ratio in bars["ratio"]]
    texts = []
    for bar, mark in zip(measure.scale * bars["median"], measure.scale * marks["median"]):
        both = [f"{bar:.3g}"] if np.isnan(mark) else [f"{_MARK_SIGN}{mark:.3g}", f"{bar:.3g}"]
        texts.append(separator.join(both))
    return texts


def _ratio_text(ratio: float) -> str:
    """Two digits, or three, that tell: 0.85x, 1.7x, 12.4x, 140x."""
    return f"{ratio:.{2 if ratio < 0.95 else 1 if ratio < 99.5 else 0}f}×"


def _thread_text(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _span(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def unmeasured(results: Results, measure: Measure) -> list[str]:
    """A sentence for each label that lacks the metric in some cell, with the result's reason."""
    frame = results.frame
    sentences = []
    for label, group in frame[frame[measure.metric].isna()].groupby("label"):
        reasons = group["memory_reason"].dropna()
        why = f": {reasons.iloc[0]}" if len(reasons) and measure.name == "memory" else ""
        sentences.append(f"{label} has no {measure.metric} in {len(group)} of {len(frame)} results"
                         f"{why}")
    return sentences


def choose(results: Results, asked: Sequence[str] | None, folder: Path) -> list[str]:
    """The figures to draw: those asked for, else those the spec names, else all that have data.

    Raises ResultsError for an unknown name, or where the spec's list is not a list of names.
    """
    named = asked or results.spec.get("figures")
    if not named:
        return [name for name, measure in MEASURES.items() if has_data(results, measure)]
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise ResultsError(f"{folder}/spec.json: figures must be an array of figure names")
    for name in named:
        measure_named(name)
    return list(dict.fromkeys(named))
