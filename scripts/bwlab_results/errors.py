"""The errors that this package raises on purpose; each message is meant for a person."""


class ResultsError(Exception):
    """The results cannot be read or summarised: what is wrong, where, and what was expected."""


class RefusedError(Exception):
    """The results are readable, but drawing them would mislead; names the flag that lifts it."""
