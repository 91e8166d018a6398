"""The command line of scripts/plot."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bwlab_results import figures, provenance
from bwlab_results.errors import RefusedError, ResultsError
from bwlab_results.load import load
from bwlab_results.summary import default_baseline

# As run_experiment's: 2 usage or unreadable input, 4 refused for where the results come from.
EXIT_OK, EXIT_USAGE, EXIT_REFUSED = 0, 2, 4


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/plot", allow_abbrev=False,
        description="Draws the figures of a results folder and prints the paths of what it wrote: "
                    "PNG, SVG, PDF, the CSV of the points and a Markdown table of the medians "
                    "of each.",
        epilog="Exit codes: 0 done; 2 wrong usage or unreadable results; 4 refused: results of "
               "several hosts or commits, of a dirty tree or of a debug build would mislead in "
               "one figure.")
    made.add_argument("results", metavar="RESULTS_DIR", type=Path,
                      help="folder with cells/ and spec.json")
    made.add_argument("--out", metavar="DIR", type=Path,
                      help="where to write (default: RESULTS_DIR)")
    made.add_argument("--figure", action="append", metavar="NAME",
                      help=f"draw only this, may be repeated: {', '.join(figures.MEASURES)} "
                           "(default: those the spec names, or all)")
    made.add_argument("--baseline", metavar="LABEL",
                      help="what ratios refer to (default: the spec's)")
    made.add_argument("--allow-mixed", action="store_true",
                      help="draw results of several hosts, commits, binaries, specs or experiments")
    made.add_argument("--allow-dirty", action="store_true",
                      help="draw results of a tree with uncommitted changes")
    made.add_argument("--allow-debug", action="store_true",
                      help="draw results of a build without optimisation or with sanitizers")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        results = load(options.results)
        provenance.refuse_unfit(results, allow_mixed=options.allow_mixed,
                                allow_dirty=options.allow_dirty, allow_debug=options.allow_debug)
        wanted = results.spec.get("baseline")
        if options.baseline is None and wanted and default_baseline(results) is None:
            print(f"plot: note: no ratios, as {wanted!r}, the spec's baseline, was not measured",
                  file=sys.stderr)
        for name in figures.choose(results, options.figure, options.results):
            measure = figures.measure_named(name)
            for sentence in figures.unmeasured(results, measure):
                print(f"plot: note: {sentence}", file=sys.stderr)
            if not figures.has_data(results, measure):
                print(f"plot: note: no {name} figure, as no result has {measure.metric}",
                      file=sys.stderr)
                continue
            out = options.out or options.results
            for path in figures.plot(results, name, out, options.baseline):
                print(path)
    except ResultsError as error:
        print(f"plot: {error}", file=sys.stderr)
        return EXIT_USAGE
    except RefusedError as error:
        print(f"plot: {error}", file=sys.stderr)
        return EXIT_REFUSED
    except OSError as error:
        print(f"plot: cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return EXIT_USAGE
    return EXIT_OK
