"""Results of unfinished batch inference, which the next run continues."""

from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

from pydantic import TypeAdapter
from zenml.client import Client

from faces.models.batch import PictureResult

FOLDER = "unfinished-batches"
RESULTS = TypeAdapter(dict[str, PictureResult])


class KeptResults:
    """Files in the active stack's artifact store with the results of one batch.

    Args:
        key: What the results depend on, besides the pictures: source, model, code.
    """

    def __init__(self, key: str) -> None:
        self._store = Client().active_stack.artifact_store
        self._folder = f"{self._store.path}/{FOLDER}/{key}"

    def read(self) -> dict[str, PictureResult]:
        """Return the results of runs that did not finish."""
        results: dict[str, PictureResult] = {}
        if self._store.exists(self._folder):
            for name in self._store.listdir(self._folder):
                with (
                    self._store.open(f"{self._folder}/{name!s}", "rb") as file,
                    suppress(ValueError),
                ):
                    results |= RESULTS.validate_json(file.read())  # a killed run may leave half
        return results

    def add(self, results: Mapping[str, PictureResult]) -> None:
        """Write results to a new file.

        Args:
            results: The result of each picture.
        """
        self._store.makedirs(self._folder)
        with self._store.open(f"{self._folder}/{uuid4().hex}.json", "wb") as file:
            file.write(RESULTS.dump_json(dict(results)))


def delete_kept_results(key: str = "") -> int:
    """Delete the results of one batch, or of all.

    Args:
        key: The batch; "" for all.

    Returns:
        The number of folders that were deleted.
    """
    store = Client().active_stack.artifact_store
    folder = f"{store.path}/{FOLDER}/{key}".rstrip("/")
    if not store.exists(folder):
        return 0
    store.rmtree(folder)
    return 1
