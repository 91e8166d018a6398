"""Where results come from: refuses what should not stand in one figure, and stamps the rest."""

from __future__ import annotations

from datetime import datetime, timezone

import pandas as pd

from bwlab_results.errors import RefusedError
from bwlab_results.load import Results

# What all results of one figure must share, and what to call it. The binary stands for compiler,
# flags and uncommitted changes: a rebuild in the middle of a resumed run is a mix as well.
_SHARED = {
    "experiment": "experiments",
    "host": "hosts",
    "spec_sha256": "specs",
    "git_commit": "commits",
    "binary_sha256": "binaries",
}
_OPTIMISED_BUILD_TYPES = ("release", "relwithdebinfo", "minsizerel")


def refuse_unfit(results: Results, *, allow_mixed: bool = False, allow_dirty: bool = False,
                 allow_debug: bool = False) -> None:
    """Raises RefusedError, with all reasons, unless the results may stand in one figure.

    Mixed: from more than one host, commit, binary, spec or experiment. Dirty: the tree had
    uncommitted changes, or was not under git, so that the commit does not say what ran. Debug: a
    build type without optimisation, or with sanitizers.
    """
    frame = results.frame
    reasons = []
    if not allow_mixed:
        for column, plural in _SHARED.items():
            values = _distinct(frame[column])
            if len(values) > 1:
                reasons.append(f"the results mix {len(values)} {plural} ({_some(values)}); "
                               "--allow-mixed draws them together")
    if not allow_dirty:
        count = int(dirty(results).sum())
        if count:
            reasons.append(f"{count} of {len(frame)} results come from a tree with uncommitted "
                           "changes or without git; --allow-dirty draws them")
    if not allow_debug:
        builds = sorted({_build_name(row) for row in frame.itertuples() if _is_debug(row)})
        if builds:
            reasons.append("results come from builds that are not for measuring "
                           f"({', '.join(builds)}); --allow-debug draws them")
    if reasons:
        raise RefusedError("\n  ".join([f"{results.folder}: refused", *reasons]))


def dirty(results: Results) -> pd.Series:
    """For each result, whether its commit may not be what ran."""
    frame = results.frame
    return frame["git_dirty"].ne(False) | frame["git_commit"].isna()  # unknown counts as dirty


def stamp(results: Results) -> list[str]:
    """The two lines under a figure: what was run, and on what."""
    frame = results.frame
    commit = _one([_short(value) for value in _distinct(frame["git_commit"])], "commits")
    if dirty(results).any():
        commit += " + uncommitted changes"
    spec = _one([_short(value) for value in _distinct(frame["spec_sha256"])], "specs")
    build = _one(sorted({_build_name(row) for row in frame.itertuples()}), "build types")
    compiler = _one(_distinct(frame["compiler"]), "compilers")
    host = _one(_distinct(frame["host"]), "hosts")
    return [f"experiment {results.experiment} · spec {spec} · commit {commit}",
            f"{host} · {compiler} · {build}"]


def last_start(results: Results) -> datetime:
    """Start of the youngest result: the date inside figures, which then do not depend on today."""
    newest = max(results.frame["started_at_utc"])
    try:
        moment = datetime.fromisoformat(newest.replace("Z", "+00:00"))
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=timezone.utc)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc).replace(microsecond=0)


def _is_debug(row) -> bool:
    return row.build_type.lower() not in _OPTIMISED_BUILD_TYPES or "-fsanitize" in (row.flags or "")


def _build_name(row) -> str:
    return row.build_type + (" with sanitizers" if "-fsanitize" in (row.flags or "") else "")


def _distinct(column: pd.Series) -> list[str]:
    return sorted("unknown" if value is None else str(value) for value in set(column))


def _short(text: str) -> str:
    return text[:12]


def _some(values: list[str]) -> str:
    shown = [value if len(value) <= 40 or " " in value else _short(value) for value in values[:3]]
    return ", ".join(shown) + (", ..." if len(values) > 3 else "")


def _one(values: list[str], plural: str) -> str:
    return values[0] if len(values) == 1 else f"{len(values)} {plural}"
