"""What stands in a folder."""

from pathlib import Path


def snapshot(folder):
    """Paths and sizes of all that is below `folder`."""
    return sorted((str(path), path.stat().st_size) for path in Path(folder).rglob("*"))
