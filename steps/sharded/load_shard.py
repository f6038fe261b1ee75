"""Load one shard of the faces."""

from typing import Annotated

import numpy as np
import pandas as pd
from zenml import step

from faces.data.dataset import Faces
from faces.data.removal import Removal, without
from faces.data.shards import load_people
from faces.processes import run_in_process
from steps.sharded.resources import RETRY, SHARD
from store.caching import cache_on_imports
from store.erasure.register import erased_people
from store.materializers import FACES
from store.materializers.faces import ID, LABEL

Shards = list[int]


@step(cache_policy=cache_on_imports(__name__))
def list_shards(shards: int) -> Annotated[Shards, "shards"]:
    """List the shards, so that the next step is mapped over them.

    Args:
        shards: Their number.

    Returns:
        The numbers of the shards.
    """
    return list(range(shards))


@step(
    cache_policy=cache_on_imports(__name__),
    output_materializers={"shard": FACES},
    settings=SHARD,
    retry=RETRY,
)
def load_shard(
    number: int,
    shards: int,
    source: str,
    people: int,
    images: int,
    seed: int,
    crop: str,
) -> tuple[Annotated[Faces, "shard"], Annotated[pd.DataFrame, "shard_table"]]:
    """Load the faces of a part of the people; of synthetic faces, generate only these.

    Args:
        number: Number of the shard, from 0.
        shards: Number of shards.
        source: As of `load_faces`, or a folder or bucket with shards.
        people: Number of people in all shards, for synthetic faces only.
        images: Number of images per person, for synthetic faces only.
        seed: Seed of synthetic faces.
        crop: How pictures of a folder are cropped: auto, faces or middle.

    Returns:
        The shard, and its table: source and version of the data, and the label, content hash and
        conditions of each image.

    Raises:
        UserError: If the source does not exist, or has fewer people than there are shards.
    """
    faces = run_in_process(
        load_people, source, number, shards, people=people, images=images, seed=seed, crop=crop
    )
    if erased := erased_people(faces.identities):
        faces = without(faces, Removal(erased).find(faces))
    table = faces.conditions.copy()
    table.insert(0, LABEL, faces.labels)
    table.insert(1, ID, faces.ids)
    return Faces(np.asarray(faces.images), faces.labels, faces.conditions, faces.source), table
