from functools import partial
from pathlib import Path

import numpy as np
import pytest

from faces.data.dataset import Faces
from faces.data.shard_files import Manifest, read_manifest, write_manifest, write_shard
from faces.data.sharded_faces import (
    SelectedImages,
    ShardedFaces,
    ShardedImages,
    select_lazily,
)
from faces.data.shards import load_part, load_people, part_of
from faces.drift.detectors import fit_detector
from faces.drift.sequential_monitor import SequentialMonitor
from faces.errors import UserError

load = partial(load_people, people=12, images=8, seed=0, crop="auto")


@pytest.fixture
def folder(drawn: Faces, tmp_path: Path) -> str:
    parts = [part_of(drawn, number, 3) for number in range(3)]
    shards = [write_shard(str(tmp_path), number, part) for number, part in enumerate(parts)]
    write_manifest(str(tmp_path), Manifest("synthetic", tuple(shards)))
    return str(tmp_path)


def same(faces: Faces, others: Faces) -> bool:
    return faces.version == others.version


def test_shards_of_synthetic_people_look_as_in_one_piece(drawn: Faces) -> None:
    for parts in (1, 5):
        shards = [load("synthetic", n, parts) for n in range(parts)]
        assert np.array_equal(np.concatenate([s.images for s in shards]), drawn.images)
        assert np.array_equal(np.concatenate([s.labels for s in shards]), drawn.labels)


def test_all_images_of_a_person_are_in_one_part(drawn: Faces) -> None:
    mixed = drawn[np.random.default_rng(0).permutation(len(drawn))]
    parts = [part_of(mixed, number, 5) for number in range(5)]
    assert sorted(id_ for part in parts for id_ in part.ids) == sorted(drawn.ids)
    people = [set(part.identities) for part in parts]
    assert sum(map(len, people)) == len(drawn.identities)


def test_a_folder_of_shards_is_read_part_by_part(folder: str, drawn: Faces) -> None:
    first = load_part(folder, 0, 3)
    assert isinstance(first.images, np.memmap), "nothing is read before it is used"
    assert same(first, part_of(drawn, 0, 3))
    assert same(load(folder, 0, 1), drawn)
    with pytest.raises(UserError, match="has 3 shards: choose --shards 3"):
        load_part(folder, 0, 4)


def test_a_shard_on_another_machine_is_downloaded(folder: str, drawn: Faces) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    for file in Path(folder).iterdir():
        memory.pipe(f"/people/{file.name}", file.read_bytes())
    assert same(load("memory://people", 2, 3), part_of(drawn, 2, 3))


def test_pixels_may_be_bytes(folder: str, drawn: Faces) -> None:
    coarse = Faces(
        (drawn.images * 255).round().astype(np.uint8), drawn.labels, drawn.conditions, "synthetic"
    )
    shard = write_shard(folder, 0, coarse)
    write_manifest(folder, Manifest("synthetic", (shard,)))
    loaded = load_part(folder, 0, 1).images
    assert loaded.dtype == np.float32
    assert np.abs(loaded - drawn.images).max() < 0.51 / 255


def test_the_version_is_that_of_all_shards(folder: str, drawn: Faces) -> None:
    manifest = read_manifest(folder)
    changed = write_shard(folder, 1, part_of(drawn, 0, 3))
    other = Manifest("synthetic", (manifest.shards[0], changed, manifest.shards[2]))
    assert other.version != manifest.version
    with pytest.raises(UserError, match=r"0001.* is not the file that shards.json lists"):
        load_part(folder, 1, 3)


def test_a_damaged_manifest_is_refused(folder: str) -> None:
    path = Path(folder) / "shards.json"
    path.write_text(path.read_text().replace("synthetic", "another").replace("0002", "0001"))
    path.write_text(path.read_text().replace('"images": 32', '"images": 32, "more": 1'))
    with pytest.raises(UserError, match=r"shards\.json cannot be read"):
        read_manifest(folder)


@pytest.mark.parametrize("source", ["synthetic", "folder"])
def test_more_shards_than_people_are_refused(source: str, people_folder: Path) -> None:
    source = str(people_folder) if source == "folder" else source
    with pytest.raises(UserError, match=r"--shards 50: there are \d+ people: choose --shards \d+"):
        load(source, 0, 50)


def test_sharded_faces_are_selected_as_any_others(drawn: Faces) -> None:
    pieces = {str(number): part_of(drawn, number, 3) for number in range(3)}
    read: list[str] = []

    def images_of(place: str) -> np.ndarray:
        read.append(place)
        return pieces[place].images

    images = ShardedImages(list(pieces), [len(piece) for piece in pieces.values()], images_of)
    faces = ShardedFaces(
        images,  # type: ignore[arg-type]
        drawn.labels,
        drawn.conditions,
        "synthetic",
        known_ids=drawn.ids,
        known_version="v",
    )
    assert len(faces) == len(drawn)
    assert faces.version == "v"
    assert list(faces.ids) == list(drawn.ids)
    assert not read, "images are read when they are selected"
    rows = np.array([90, 3, 95, 3])
    assert same(faces[rows], drawn[rows])
    assert read == ["0", "2"], "only the shards that have one of them are read"
    assert np.array_equal(faces.images[40], drawn.images[40])
    assert np.array_equal(faces.pixels, drawn.pixels)
    read.clear()
    selected = faces.images_of(rows)[::2]
    assert len(selected) == 2
    assert not read
    assert np.array_equal(np.asarray(selected), drawn.images[rows[::2]])


def test_detector_and_monitor_are_fitted_without_all_images_in_memory(drawn: Faces) -> None:
    pieces = {str(number): part_of(drawn, number, 3).images for number in range(3)}
    images = ShardedImages(list(pieces), [len(piece) for piece in pieces.values()], pieces.get)  # type: ignore[arg-type]
    faces = ShardedFaces(images, drawn.labels, drawn.conditions, "synthetic")  # type: ignore[arg-type]
    rows = np.arange(0, len(drawn), 2)
    expected = fit_detector("moments", drawn.images[rows], drawn.labels[rows])
    detector = fit_detector("moments", faces.images_of(rows), drawn.labels[rows])
    for name, array in expected.to_arrays().items():
        assert np.array_equal(array, detector.to_arrays()[name]), name
    trained, lazily = drawn[rows], select_lazily(faces, rows)
    assert isinstance(lazily.images, SelectedImages)
    monitors = [
        SequentialMonitor.fit(own.images, own.labels, own.origins) for own in (trained, lazily)
    ]
    for name, array in monitors[0].to_arrays().items():
        assert np.array_equal(array, monitors[1].to_arrays()[name]), name
