"""Parts of a data set, of which each is loaded alone: all images of a person are in one part."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faces.data import sources
from faces.data.dataset import Faces, load_faces
from faces.data.shard_files import is_sharded, read_manifest, read_shard
from faces.data.sources import synthetic
from faces.errors import UserError


def people_of_part(people: int, number: int, parts: int) -> range:
    """Divide people into contiguous parts.

    Args:
        people: Number of people.
        number: Number of the part, from 0.
        parts: Number of parts.

    Returns:
        The numbers of the people in the part, from 0.
    """
    return range(people * number // parts, people * (number + 1) // parts)


def part_of(faces: Faces, number: int, parts: int) -> Faces:
    """Select the images of a part of the people.

    Args:
        faces: The faces.
        number: Number of the part, from 0.
        parts: Number of parts.

    Returns:
        The images of these people, in the order of the labels.
    """
    people = faces.identities
    chosen = people_of_part(len(people), number, parts)
    order = np.argsort(faces.labels, kind="stable")
    own = np.isin(faces.labels[order], people[chosen.start : chosen.stop])
    return faces[order[own]]


def load_part(folder: str, number: int, parts: int) -> Faces:
    """Read some of the shards.

    Args:
        folder: Path or URI of the data set.
        number: Number of the part, from 0.
        parts: Number of parts, at most the number of shards.

    Returns:
        The faces of the part's shards; mapped into memory if it is one on this machine.

    Raises:
        UserError: If a file is missing or damaged, or there are fewer shards than parts.
    """
    manifest = read_manifest(folder)
    count = len(manifest.shards)
    if parts > count:
        raise UserError(f"--shards {parts}: {folder} has {count} shards: choose --shards {count}")
    chosen = people_of_part(count, number, parts)
    shards = [
        read_shard(folder, manifest.source, shard)
        for shard in manifest.shards[chosen.start : chosen.stop]
    ]
    if len(shards) == 1:
        return shards[0]
    images: NDArray[np.float32] = np.concatenate([shard.images for shard in shards])
    labels = np.concatenate([shard.labels for shard in shards])
    table = pd.concat([shard.conditions for shard in shards], ignore_index=True)
    return Faces(images, labels, table, manifest.source)


def load_people(
    source: str, number: int, parts: int, *, people: int, images: int, seed: int, crop: str
) -> Faces:
    """Load the faces of a part of the people.

    Args:
        source: What `faces.data.dataset.load_faces` accepts, or a folder or bucket with shards. Of
            synthetic faces, only this part is generated.
        number: Number of the part, from 0.
        parts: Number of parts.
        people: Number of synthetic people in all parts; other sources ignore it.
        images: Number of images per synthetic person.
        seed: Seed of the synthetic faces.
        crop: How pictures of a folder are cropped.

    Returns:
        The faces of these people.

    Raises:
        UserError: If the source does not exist or cannot be read, or has fewer people than parts.
    """
    if source == synthetic.SOURCE.name:
        _check_parts(parts, people)
        only = people_of_part(people, number, parts)
        raw = synthetic.generate_faces(people, images, seed, only=only)
        return Faces(*raw, source=source)
    if source not in sources.source_names() and is_sharded(source):
        return load_part(source, number, parts)
    faces = load_faces(source, people=people, images=images, seed=seed, crop=crop)
    _check_parts(parts, len(faces.identities))
    return part_of(faces, number, parts)


def _check_parts(parts: int, people: int) -> None:
    if parts > people:
        raise UserError(f"--shards {parts}: there are {people} people: choose --shards {people}")
