"""How figures look, and how they are written so that the same results give the same bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import matplotlib
import matplotlib.style
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

# Okabe and Ito, "Color Universal Design", 2008; ordered so that neighbours differ in lightness too.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#F0E442", "#D55E00", "#56B4E9", "#CC79A7", "#999999")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "||||")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
INK = "#222222"
MUTED = "#666666"
MARK = {"color": "white", "markeredgecolor": INK, "linestyle": "", "marker": "D", "markersize": 4,
        "markeredgewidth": 0.9, "zorder": 5}
OVER_LINES = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.85}  # of text
MARK_SIGN = "◇"
BASELINE = {"color": INK, "linewidth": 0.9, "linestyle": (0, (1, 1.5))}
FLOOR_LINE = {"color": INK, "linewidth": 0.9, "linestyle": (0, (4, 2))}

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "savefig.dpi": 160,
    "svg.hashsalt": "bwlab",
    "pdf.fonttype": 42,  # TrueType: what publishers ask for
}


@contextmanager
def applied() -> Iterator[None]:
    """Draw and write inside this: our style, whatever the user's matplotlibrc says."""
    with matplotlib.style.context(_STYLE, after_reset=True):
        yield


def look(position: int) -> dict[str, object]:
    """Colour and hatch of the label at this position; distinct for the first 64 labels."""
    turn = position // len(PALETTE)
    colour = PALETTE[position % len(PALETTE)]
    return {
        "facecolor": colour,
        "hatch": HATCHES[(position + turn) % len(HATCHES)],
        "edgecolor": tuple(0.45 * channel for channel in to_rgb(colour)),
        "linewidth": 0.7,
    }


def dot(position: int) -> dict[str, object]:
    """Colour and marker of the thread count at this position; distinct for the first 64."""
    turn = position // len(PALETTE)
    return {"color": PALETTE[position % len(PALETTE)],
            "marker": MARKERS[(position + turn) % len(MARKERS)], "markersize": 4.5,
            "markeredgecolor": INK, "markeredgewidth": 0.5}


def reference_line(position: int) -> dict[str, object]:
    """A line at what the dots of this position are compared with."""
    return {"color": PALETTE[position % len(PALETTE)], "linewidth": 0.9, "linestyle": (0, (1, 1.5))}


def write(figure: Figure, points: pd.DataFrame, table: str, folder: Path, stem: str,
          moment: datetime) -> Sequence[Path]:
    """Writes STEM.png, .svg, .pdf, .csv (the points) and .md (the table) into `folder`, each
    complete or not at all.

    `moment` is the date inside PDF and SVG: it comes from the results, never from the clock.
    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dates = {"png": {}, "svg": {"Date": moment.isoformat()}, "pdf": {"CreationDate": moment}}
    written = []
    for suffix in ("png", "svg", "pdf", "csv", "md"):
        path = folder / f"{stem}.{suffix}"
        unfinished = folder / f".{stem}.{suffix}.{os.getpid()}"
        try:
            if suffix == "csv":
                points.to_csv(unfinished, index=False, float_format="%.10g", lineterminator="\n")
            elif suffix == "md":
                unfinished.write_text(table, encoding="utf-8")
            else:
                figure.savefig(unfinished, format=suffix, metadata=dates[suffix])
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        written.append(path)
    return written
