"""Put the tables of all shards together, and split their images by condition."""

from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from zenml import add_tags, step
from zenml.artifacts.unmaterialized_artifact import UnmaterializedArtifact

from faces.data.conditions import baseline_condition
from faces.data.shard_files import combine_versions
from faces.data.sharded_faces import ShardedFaces, ShardedImages
from faces.data.split import Split, split_by_condition
from faces.evaluation.metrics import BASELINE, DRIFTED
from store.caching import cache_on_imports
from store.materializers import SHARDED_FACES, SPLIT
from store.materializers.faces import ID, LABEL

ShardRows = list[dict[str, list[int]]]
"""For each shard, the numbers of its rows by part, and `start`, the number of its first image."""

TRAIN, START = "train", "start"


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"faces": SHARDED_FACES, "split": SPLIT},
)
def index_shards(
    shards: list[UnmaterializedArtifact],
    tables: list[pd.DataFrame],
    condition: str,
    test_share: float,
    seed: int,
) -> tuple[
    Annotated[ShardedFaces, "faces"],
    Annotated[Split, "split"],
    Annotated[ShardRows, "shard_rows"],
]:
    """Put the tables of all shards together, and split their images by condition.

    Args:
        shards: The shards; their images are not read.
        tables: Their tables, in the same order.
        condition: The baseline, such as "yaw=frontal".
        test_share: Share of each person's baseline images that are held out, in (0, 1).
        seed: Seed of the random choice of held-out images.

    Returns:
        The whole data set, whose images are read when they are selected; its split; and the rows
        of each part by shard.

    Raises:
        UserError: If the faces have no such condition, or too few images match it.
    """
    table = pd.concat(tables, ignore_index=True)
    labels, ids = (table.pop(name).to_numpy(dtype=str) for name in (LABEL, ID))
    counts = [len(one) for one in tables]
    images = ShardedImages([shard.uri for shard in shards], counts, _not_read)
    metadata = [shard.run_metadata for shard in shards]
    faces = ShardedFaces(
        images,  # type: ignore[arg-type]
        labels,
        table,
        str(metadata[0]["source"]),
        known_ids=ids,
        known_version=combine_versions(str(one["version"]) for one in metadata),
    )
    split = split_by_condition(faces, baseline_condition(condition, table), test_share, seed)
    add_tags(tags=[f"data:{faces.source}"])
    return faces, split, rows_by_shard(split, counts)


def rows_by_shard(split: Split, counts: list[int]) -> ShardRows:
    """Divide the rows of a split into those of each shard.

    Args:
        split: The split of all images.
        counts: Number of images of each shard.

    Returns:
        For each shard, its rows by part, and the number of its first image.
    """
    ends = np.cumsum(counts)
    parts = {TRAIN: split.train, BASELINE: split.test, DRIFTED: split.drifted}
    divided = {
        part: np.split(rows, np.searchsorted(rows, ends[:-1])) for part, rows in parts.items()
    }
    starts = ends - counts
    return [
        {START: [int(start)]} | {part: (rows[i] - start).tolist() for part, rows in divided.items()}
        for i, start in enumerate(starts)
    ]


def _not_read(place: str) -> NDArray[np.float32]:
    raise NotImplementedError(f"{place}: this step reads no images")
