"""Reads a results folder of run_experiment into a pandas DataFrame, one row a cell and repetition.

A results folder holds `spec.json` (the resolved spec) and `cells/<cell_id>-r<rep>.json`, one
immutable file a cell and repetition. Every value that a table or a figure uses is checked here,
once, so that the rest of the package may rely on its columns. All problems found are reported
together, each with its file, its JSON path, the value and what is allowed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bwlab_results import sweeps
from bwlab_results.errors import ResultsError

SCHEMA_VERSION = 1
_PROBLEMS_SHOWN_MAX = 10
_ABSENT = object()


@dataclass(frozen=True)
class Results:
    """One results folder.

    `frame` has the columns named in FIELDS, and also `file` (name of the result file), `host`
    (processor and cores), `mix` (the realised mix as text), `sweep` (the cell's values on the axes
    of the spec's sweep, as sweeps.text_of), `ops_miss` and `ops_fail` (sums over all kinds of
    operation), `bytes_per_key_after_run` (live bytes a record at the end of the run).
    `spec` is the content of spec.json; empty where the folder has none.
    """

    folder: Path
    frame: pd.DataFrame
    spec: Mapping[str, Any]

    @property
    def experiment(self) -> str:
        """Identifier of the experiment; `+` joins several."""
        return "+".join(sorted(self.frame["experiment"].unique()))

    def ordered(self, column: str) -> list[str]:
        """Values of `workload` or `label` in the spec's order, then those it does not name."""
        axis = {"workload": "workload", "label": "engine"}[column]
        matrix = self.spec.get("matrix")
        named = matrix.get(axis) if isinstance(matrix, dict) else None
        present = set(self.frame[column])
        texts = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
        first = [name for name in dict.fromkeys(texts) if name in present]
        return first + sorted(present - set(first))

    def panels(self) -> list[tuple[str, str]]:
        """Workload and coordinates of each panel of a figure, in the spec's order. A cell belongs
        to those of its workload that have all its coordinates: what an axis of the sweep does not
        matter to stands beside each value of that axis."""
        return [(workload, sweep) for workload in self.ordered("workload")
                for sweep in sweeps.widest(
                    self.frame.loc[self.frame["workload"] == workload, "sweep"], self.spec)]


@dataclass(frozen=True)
class _Kind:
    allowed: str
    accepts: Callable[[Any], bool]


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value) or _is_integer(value)


_TEXT = _Kind("a non-empty string", lambda v: isinstance(v, str) and bool(v.strip()))
_FLAG = _Kind("true or false", lambda v: isinstance(v, bool))
_COUNT = _Kind("an integer of 0 or more", lambda v: _is_integer(v) and v >= 0)
_POSITIVE_COUNT = _Kind("an integer of 1 or more", lambda v: _is_integer(v) and v >= 1)
_COORDINATES = _Kind("an object of strings, numbers and booleans", lambda v: isinstance(v, dict) and
                     all(isinstance(part, (str, bool)) or _is_number(part) for part in v.values()))
_AMOUNT = _Kind("a number of 0 or more", lambda v: _is_number(v) and v >= 0)
_POSITIVE = _Kind("a number above 0", lambda v: _is_number(v) and v > 0)
_NUMERIC = (_COUNT, _POSITIVE_COUNT, _AMOUNT, _POSITIVE)


@dataclass(frozen=True)
class Field:
    """One column of the frame and where it stands in a result file."""

    column: str
    path: str
    kind: _Kind
    nullable: bool = False  # null, absent, or inside an object that is null: NaN or None


def _fields(section: str, keys: str, kind: _Kind, *, nullable: bool = False,
            column: str = "{}") -> list[Field]:
    """A column for each of the `keys` of one object of the file; `column` says its name."""
    return [Field(column.format(key), f"{section}.{key}".lstrip("."), kind, nullable)
            for key in keys.split()]


FIELDS = (
    *_fields("", "cell_id experiment workload engine label", _TEXT),
    *_fields("", "variant", _TEXT, nullable=True),
    *_fields("", "sweep", _COORDINATES, nullable=True),
    *_fields("", "rep record_count op_count seed", _COUNT),
    *_fields("", "threads", _POSITIVE_COUNT),
    *_fields("stream", "sha256", _TEXT, nullable=True, column="stream_{}"),
    *_fields("stream", "top_key_share", _AMOUNT, nullable=True),
    *_fields("load", "seconds throughput_ops_s", _AMOUNT, nullable=True, column="load_{}"),
    *_fields("run", "seconds", _POSITIVE, column="run_{}"),
    *_fields("run", "throughput_ops_s", _POSITIVE),
    *_fields("latency_ns.all", "p50 p90 p99 p99_9 max", _AMOUNT, nullable=True,
             column="latency_{}_ns"),
    *_fields("memory", "bytes_per_key live_bytes_after_load live_bytes_after_run "
                       "rss_bytes_after_load rss_bytes_after_run", _AMOUNT, nullable=True),
    *_fields("memory", "reason", _TEXT, nullable=True, column="memory_{}"),
    *_fields("size", "counted", _COUNT, nullable=True, column="records_after_run"),
    *_fields("verify", "wrong", _COUNT, nullable=True, column="wrong_reads"),
    *_fields("provenance", "git_commit flags compiler binary_sha256", _TEXT, nullable=True),
    *_fields("provenance", "git_dirty", _FLAG, nullable=True),
    *_fields("provenance", "build_type spec_sha256 cpu_model started_at_utc", _TEXT),
    *_fields("provenance", "cores_online", _POSITIVE_COUNT),
)


def load(folder: str | Path) -> Results:
    """Loads all results of `folder`.

    Raises ResultsError when the folder is not a results folder, holds no result, or any file in it
    is unreadable, malformed, of another schema version, repeats another, or says that a read was
    wrong.
    """
    folder = Path(folder)
    files = _result_files(folder)
    rows, problems = [], []
    for file in files:
        try:
            rows.append(_row(file.name, _read_json(file, file.relative_to(folder))))
        except ResultsError as error:
            problems.extend(str(error).splitlines())
    spec: Any = {}
    if (folder / "spec.json").is_file():
        try:
            spec = _read_json(folder / "spec.json", Path("spec.json"))
        except ResultsError as error:
            problems.append(str(error))
    problems.extend(_repeats(rows))
    if problems:
        raise ResultsError(_report(folder, problems))
    frame = pd.DataFrame(rows)
    for field in FIELDS:
        if field.nullable and field.kind in _NUMERIC:
            frame[field.column] = frame[field.column].astype("float64")
    records = frame["records_after_run"]
    frame["bytes_per_key_after_run"] = frame["live_bytes_after_run"] / records.where(records > 0)
    frame = frame.sort_values(["workload", "sweep", "threads", "label", "cell_id", "rep"],
                              ignore_index=True)
    return Results(folder, frame, spec)


def _result_files(folder: Path) -> list[Path]:
    if not folder.exists():
        raise ResultsError(f"{folder}: there is no such folder")
    if not folder.is_dir():
        raise ResultsError(f"{folder}: not a folder; give the one that holds cells/ and spec.json")
    cells = folder / "cells"
    if not cells.is_dir() and (folder / "micro").is_dir():
        raise ResultsError(f"{folder}: holds results of micro-benchmarks, which have no cells; "
                           "run_experiment micro shows them as it writes them")
    if not cells.is_dir():
        nested = sorted(path.parent for path in folder.glob("*/cells") if path.is_dir())
        hint = f"; did you mean {nested[-1]}?" if nested else ""
        raise ResultsError(f"{folder}: not a results folder, it has no cells/ in it{hint}")
    files = sorted(file for file in cells.glob("*.json") if not file.name.startswith("."))
    if not files:
        raise ResultsError(f"{cells}: holds no result (*.json); did the run finish a cell?")
    return files


def _read_json(file: Path, shown: Path) -> dict[str, Any]:
    def refuse_constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        document = json.loads(file.read_text(encoding="utf-8"), parse_constant=refuse_constant)
    except OSError as error:
        raise ResultsError(f"{shown}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ResultsError(f"{shown}: not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise ResultsError(f"{shown}: nested too deeply") from None
    except ValueError as error:  # includes json.JSONDecodeError, whose text names line and column
        raise ResultsError(f"{shown}: not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise ResultsError(f"{shown}: must hold a JSON object, holds {_kind_name(document)}")
    return document


def _row(name: str, document: dict[str, Any]) -> dict[str, Any]:
    where = f"cells/{name}"
    version = document.get("schema_version", _ABSENT)
    if version != SCHEMA_VERSION or isinstance(version, bool):
        found = "is missing" if version is _ABSENT else f"is {_shown(version)}"
        raise ResultsError(f"{where}: schema_version {found}; this program reads {SCHEMA_VERSION}")
    row: dict[str, Any] = {"file": name}
    problems = []
    for field in FIELDS:
        value = _lookup(document, field.path)
        if field.nullable and (value is None or value is _ABSENT):
            row[field.column] = None
        elif value is _ABSENT:
            problems.append(f"{where}: {field.path} is missing, must be {field.kind.allowed}")
        elif not field.kind.accepts(value):
            problems.append(f"{where}: {field.path} is {_shown(value)}, "
                            f"must be {field.kind.allowed}")
        else:
            row[field.column] = value
    if row.get("wrong_reads"):
        problems.append(f"{where}: verify.wrong is {row['wrong_reads']}: the engine returned wrong "
                        "values, so its speed means nothing")
    if problems:
        raise ResultsError("\n".join(problems))
    row["sweep"] = sweeps.text_of(row["sweep"] or {})
    row["host"] = f"{row['cpu_model']}, {row['cores_online']} cores"
    row["mix"] = _mix_text(_lookup(document, "stream.realised_mix"))
    row["ops_miss"], row["ops_fail"] = (_op_sum(document, outcome) for outcome in ("miss", "fail"))
    return row


def _lookup(document: Any, path: str) -> Any:
    for key in path.split("."):
        if document is None:
            return None
        if not isinstance(document, dict) or key not in document:
            return _ABSENT
        document = document[key]
    return document


def _mix_text(mix: Any) -> str:
    """{"read": 0.499, "update": 0.501} -> "50% read, 50% update", the larger share first."""
    if not isinstance(mix, dict):
        return ""
    shares = [(name, share) for name, share in mix.items() if _is_number(share) and share > 0]
    shares.sort(key=lambda item: -round(item[1], 2))  # stable: keeps the file's order among equals
    return ", ".join(f"{'<1' if share < 0.005 else format(100 * share, '.0f')}% "
                     f"{name.replace('_', '-')}" for name, share in shares)


def _op_sum(document: dict[str, Any], outcome: str) -> int:
    ops = _lookup(document, "run.ops")
    kinds = ops.values() if isinstance(ops, dict) else ()
    counts = [kind.get(outcome) for kind in kinds if isinstance(kind, dict)]
    return sum(count for count in counts if _is_integer(count))


def _repeats(rows: list[dict[str, Any]]) -> list[str]:
    first: dict[tuple[str, int], str] = {}
    problems = []
    for row in rows:
        kept = first.setdefault((row["cell_id"], row["rep"]), row["file"])
        if kept != row["file"]:
            problems.append(f"cells/{row['file']}: repeats cell_id {row['cell_id']}, "
                            f"rep {row['rep']} of cells/{kept}")
    return problems


def _kind_name(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _shown(value: Any) -> str:
    """The value as JSON, kept short enough for one line."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _report(folder: Path, problems: list[str]) -> str:
    shown = problems[:_PROBLEMS_SHOWN_MAX]
    if len(problems) > len(shown):
        shown.append(f"... and {len(problems) - len(shown)} more")
    head = f"{folder}: {len(problems)} problem{'s' if len(problems) > 1 else ''} in the results"
    return "\n  ".join([head, *shown])
