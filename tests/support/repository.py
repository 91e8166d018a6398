"""Where the repository and its schemas are."""

import json
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def schema(kind):
    """The JSON Schema of a kind of file: "spec", "result", "workload" or "micro"."""
    return json.loads((REPOSITORY / "experiments" / "schema" / f"{kind}.schema.json").read_text())
