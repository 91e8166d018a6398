"""Results folders made for the tests, with the keys that run_experiment writes."""

import copy
import hashlib
import json
from pathlib import Path

WORKLOADS = {
    "ycsb_a": {"read": 0.4996, "update": 0.5004},
    "ycsb_b": {"read": 0.9502, "update": 0.0498},
    "ycsb_c": {"read": 1.0},
    "ycsb_d": {"read": 0.9499, "insert": 0.0501},
    "ycsb_e": {"insert": 0.0503, "scan": 0.9497},
    "ycsb_f": {"read": 0.5002, "read_modify_write": 0.4998},
}
LABELS = ("bwtree/default", "bwtree/scalar", "std_map_rwlock", "tbb_concurrent_map")
BYTES_PER_KEY = dict(zip(LABELS, (20.5, 21.25, 48.0, 96.0)))

PROVENANCE = {
    "git_commit": "0123456789abcdef0123456789abcdef01234567",
    "git_dirty": False,
    "git_diff_sha256": None,
    "compiler": "GNU 12.2.0",
    "build_type": "Release",
    "flags": "-O3 -march=native",
    "binary_sha256": "b" * 64,
    "cpu_model": "Example 9000",
    "cores_online": 2,
    "caches_bytes": {"l1d": 32768},
    "kernel": "Linux 6.1.0",
    "virtualisation": None,
    "governor": None,
    "thp": "madvise",
    "load_average_before": 0.1,
    "load_average_after": 0.2,
    "steal_ticks_before": 0,
    "steal_ticks_after": 0,
    "argv": ["run_experiment", "run", "experiments/specs/quickstart.json"],
    "spec_path": "experiments/specs/quickstart.json",
    "spec_sha256": "5" * 64,
    "started_at_utc": "2026-01-02T03:04:05Z",
    "library_versions": {},
}


def made_result(workload="ycsb_a", label="bwtree/default", threads=1, rep=0, throughput_ops_s=2e6,
                bytes_per_key=20.5, sweep=None, **provenance):
    """One result file's content; keyword arguments beyond the named ones replace provenance."""
    engine, _, variant = label.partition("/")
    cell_id = hashlib.sha256(f"{workload} {label} {threads} {sweep}".encode()).hexdigest()[:16]
    counts = {"ok": 1000, "miss": 0, "fail": 0}
    latencies = {"count": 15, "min": 90, "p50": 200, "p90": 300, "p99": 900, "p99_9": 1500,
                 "max": 9000}
    live_bytes = None if bytes_per_key is None else int(1e6 * bytes_per_key)
    return copy.deepcopy({
        "schema_version": 1, **({"sweep": sweep} if sweep else {}), "cell_id": cell_id, "rep": rep, "experiment": "quickstart",
        "workload": workload, "engine": engine, "variant": variant or None, "label": label,
        "threads": threads, "threads_pinned": True, "record_count": 1000000,
        "op_count": 1000000, "seed": 42, "key_space": "rand_int",
        "config": {}, "workload_spec": {"name": workload},
        "stream": {"sha256": "a" * 64, "realised_mix": WORKLOADS.get(workload, {"read": 1.0}),
                   "distinct_keys": 500000, "requests_examined": 1000000, "top_key_share": 0.06},
        "load": {"seconds": 0.5, "throughput_ops_s": 2e6},
        "run": {"seconds": 1e6 / throughput_ops_s, "throughput_ops_s": throughput_ops_s,
                "ops": {"read": counts, "update": counts}, "records_scanned": 0},
        "latency_ns": {"sampled": True, "sample_every": 64, "timer_cost_ns": 20.0,
                       "all": latencies},
        "memory": {"live_bytes_after_load": live_bytes,
                   "live_bytes_after_run": live_bytes and 2 * live_bytes,
                   "bytes_per_key": bytes_per_key,
                   "rss_bytes_before_load": 1, "rss_bytes_after_load": 2, "rss_bytes_after_run": 3,
                   "reason": "the engine cannot say" if bytes_per_key is None else None},
        "engine_counters": None, "engine_counters_reason": "kept by variant stats only",
        "verify": {"mode": "sample", "checked": 1000, "wrong": 0},
        "size": {"expected": 1000000, "counted": 1000000}, "validated": True,
        "validated_reason": None,
        "provenance": {**PROVENANCE, **provenance},
    })


def made_spec(**changes):
    return {
        "schema_version": 1, "id": "quickstart", "title": "YCSB A to F on one machine",
        "matrix": {"workload": list(WORKLOADS), "engine": list(LABELS), "threads": [1, 2]},
        "baseline": "std_map_rwlock", "figures": ["throughput", "memory"], **changes,
    }


def write_results(folder: Path, documents, spec=None) -> Path:
    """Writes a results folder as run_experiment does; `spec` None writes none."""
    cells = folder / "cells"
    cells.mkdir(parents=True)
    if spec is not None:
        (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    for document in documents:
        name = f"{document['cell_id']}-r{document['rep']}.json"
        (cells / name).write_text(json.dumps(document), encoding="utf-8")
    return folder


def quickstart_documents(reps=3, **provenance):
    """Every cell of the quickstart, with throughputs that differ by cell and repetition."""
    speed = dict(zip(LABELS, (4.1e6, 2.9e6, 1.3e6, 1.9e6)))
    cost = dict(zip(WORKLOADS, (1.2, 1.0, 0.9, 0.7, 9.0, 1.5)))
    documents = []
    for workload in WORKLOADS:
        for label in LABELS:
            for threads in (1, 2):
                scaling = 1 if threads == 1 else 0.8 if label == "std_map_rwlock" else 1.8
                for rep in range(reps):
                    documents.append(made_result(
                        workload, label, threads, rep,
                        throughput_ops_s=speed[label] / cost[workload] * scaling * (1 + 0.06 * rep),
                        bytes_per_key=BYTES_PER_KEY[label] + 0.01 * rep, **provenance))
    return documents
