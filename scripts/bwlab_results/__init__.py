"""Results of run_experiment as data, summaries and figures.

    from bwlab_results import load, summarise
    results = load("results/runs/quickstart-20260101T120000Z")
    results.frame                                   # one row a cell and repetition
    summarise(results, baseline="std_map_rwlock")   # median, spread, ratio

`scripts/plot` is the command line over it. Runs on Debian 12's python3 with numpy, pandas, SciPy
and matplotlib.
"""

from bwlab_results.errors import RefusedError, ResultsError
from bwlab_results.load import Results, load
from bwlab_results.provenance import refuse_unfit
from bwlab_results.summary import summarise

__all__ = ["RefusedError", "Results", "ResultsError", "load", "refuse_unfit", "summarise"]
