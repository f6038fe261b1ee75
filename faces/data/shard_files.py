"""Files of a data set in shards: a folder or bucket of arrays and tables.

    people/
        shards.json     the source, and the SHA-256 of the files of each shard
        0000.npy        images (n, 64, 64), float32 in [0, 1], or uint8
        0000.csv        one row per image: <label> and the conditions
        0001.npy        …

All images of a person are in one shard.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd

from faces.data.dataset import Faces
from faces.data.sources.remote import is_remote
from faces.errors import UserError
from faces.runtime.capture_format import to_unit_range

MANIFEST = "shards.json"
FORMAT = 1
LABEL = "<label>"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Shard:
    """A shard of a data set.

    Attributes:
        name: Name of its files, without suffix.
        images: Number of its images.
        images_hash: SHA-256 of the array's file.
        table_hash: SHA-256 of the table's file.
    """

    name: str
    images: int
    images_hash: str
    table_hash: str


@dataclass(frozen=True)
class Manifest:
    """What a sharded data set consists of.

    Attributes:
        source: Name of the data source, or "folder".
        shards: Its shards, in order.
    """

    source: str
    shards: tuple[Shard, ...]

    @property
    def version(self) -> str:
        """Version of the data: a hash of the shards' hashes."""
        return combine_versions(f"{s.images_hash} {s.table_hash}" for s in self.shards)


def combine_versions(versions: Iterable[str]) -> str:
    """Compute one version of several shards.

    Args:
        versions: The version or hash of each shard, in order.

    Returns:
        Twelve hexadecimal digits.
    """
    return hashlib.blake2b("\n".join(versions).encode(), digest_size=6).hexdigest()


def is_sharded(source: str) -> bool:
    """Return whether a source is a folder or bucket with shards.

    Args:
        source: What the user gave as `--data`.
    """
    if is_remote(source):
        system, root = fsspec.url_to_fs(source)
        return bool(system.exists(f"{root.rstrip('/')}/{MANIFEST}"))
    return (Path(source).expanduser() / MANIFEST).is_file()


def write_shard(folder: str, number: int, faces: Faces) -> Shard:
    """Write a shard.

    Args:
        folder: Path or URI of the data set.
        number: Number of the shard, from 0.
        faces: Its images: all images of its people.

    Returns:
        The shard, for `write_manifest`.
    """
    name = f"{number:04d}"
    buffer = BytesIO()
    np.save(buffer, faces.images, allow_pickle=False)
    table = faces.conditions.copy()
    table.insert(0, LABEL, faces.labels)
    hashes = {}
    for suffix, content in (("npy", buffer.getbuffer()), ("csv", table.to_csv(index=False))):
        data = content.encode() if isinstance(content, str) else content
        with fsspec.open(f"{folder}/{name}.{suffix}", "wb", auto_mkdir=True) as file:
            file.write(data)
        hashes[suffix] = hashlib.sha256(data).hexdigest()
    return Shard(name, len(faces), hashes["npy"], hashes["csv"])


def write_manifest(folder: str, manifest: Manifest) -> None:
    """Write the manifest, after all shards.

    Args:
        folder: Path or URI of the data set.
        manifest: What was written.
    """
    content = {"format": FORMAT, **asdict(manifest), "version": manifest.version}
    with fsspec.open(f"{folder}/{MANIFEST}", "w") as file:
        json.dump(content, file, indent=2)


def read_manifest(folder: str) -> Manifest:
    """Read the manifest.

    Args:
        folder: Path or URI of the data set.

    Returns:
        The source and the shards.

    Raises:
        UserError: If it is none that `write_manifest` wrote.
    """
    path = f"{folder}/{MANIFEST}"
    try:
        with fsspec.open(path, "r") as file:
            content: Any = json.load(file)
        manifest = Manifest(content["source"], tuple(Shard(**s) for s in content["shards"]))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(f"{path} cannot be read: {error}: write the shards again") from error
    if content.get("format") != FORMAT or content.get("version") != manifest.version:
        raise UserError(f"{path} was changed, or has another format: write the shards again")
    return manifest


def read_shard(folder: str, source: str, shard: Shard) -> Faces:
    """Read a shard: mapped into memory if it is on this machine, otherwise downloaded.

    Args:
        folder: Path or URI of the data set.
        source: The manifest's source.
        shard: The shard.

    Returns:
        Its images, labels and conditions.

    Raises:
        UserError: If a file is missing, or is not the one that was written.
    """
    table_file = _verified(f"{folder}/{shard.name}.csv", shard.table_hash)
    array_file = _verified(f"{folder}/{shard.name}.npy", shard.images_hash)
    if isinstance(array_file, Path):
        images = np.load(array_file, mmap_mode="r", allow_pickle=False)
    else:
        images = np.load(array_file, allow_pickle=False)
    table = pd.read_csv(table_file, dtype=str, keep_default_na=False)
    labels = table.pop(LABEL).to_numpy(dtype=str)
    return Faces(to_unit_range(images), labels, table, source)


def _verified(path: str, expected: str) -> Path | BytesIO:
    """Return a local file, or the content of a remote one, if it has the recorded hash."""
    digest = hashlib.sha256()
    content = BytesIO()
    try:
        with fsspec.open(path, "rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                if is_remote(path):
                    content.write(block)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error}: write the shards again") from error
    if digest.hexdigest() != expected:
        raise UserError(f"{path} is not the file that shards.json lists: write the shards again")
    content.seek(0)
    return content if is_remote(path) else Path(path).expanduser()
