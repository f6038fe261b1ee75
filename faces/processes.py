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


def run_in_process(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Call a function in another process; there are as many as processors.

    ZenML's local orchestrator runs mapped steps in threads, which share one interpreter.

    Args:
        function: A function of a module.
        *args: Its arguments.
        **kwargs: Its arguments by name.

    Returns:
        What the function returns.
    """
    result: Result = _processes().submit(function, *args, **kwargs).result()
    return result


def run_on_images(
    function: Callable[..., Result], images: Images, *args: Any, **kwargs: Any
) -> Result:
    """Call a function of images, in another process if the images are in a file of this machine.

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
    file = str(images.filename)
    result: Result = run_in_process(_on_file, function, file, args, kwargs)
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
