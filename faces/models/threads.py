"""How many threads linear algebra may use, so that a training can be repeated bit by bit."""

from contextlib import AbstractContextManager, nullcontext

MAX_ROWS = 20_000
"""Above this number of images, speed counts more than equal bits."""


def reproducible_threads(rows: int) -> AbstractContextManager[object]:
    """Let linear algebra use one thread, because sums over several differ in their last bits.

    Args:
        rows: Number of images to be processed.

    Returns:
        A context manager; above `MAX_ROWS` images it changes nothing.
    """
    if rows > MAX_ROWS:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits
