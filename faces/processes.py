"""Run functions of images in parallel processes of one machine."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Result = TypeVar("Result")
Images = NDArray[np.floating]


def run_on_images(
    function: Callable[..., Result], images: Images, *args: Any, **kwargs: Any
) -> Result:
    """Call a function of images, in another process if the images are in a file of this machine.

    ZenML's local orchestrator runs mapped steps in threads, which share one interpreter.

    Args:
        function: A function of a module, whose first argument is the images.
        images: Images (n, 64, 64); only their file's name is sent to the process.
        *args: Further arguments.
        **kwargs: Further arguments by name.

    Returns:
        What the function returns.
    """
    if not isinstance(images, np.memmap):
        return function(images, *args, **kwargs)
    job = _processes().submit(_on_file, function, str(images.filename), args, kwargs)
    result: Result = job.result()
    return result


@cache
def _processes() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _use_one_thread)


def _use_one_thread() -> None:
    """Let linear algebra use one thread: there is a process for each processor."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _on_file(function: Callable[..., Any], file: str, args: Any, kwargs: Any) -> Any:
    return function(np.load(file, mmap_mode="r", allow_pickle=False), *args, **kwargs)
