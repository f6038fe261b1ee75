import shutil
from collections.abc import Iterator
from pathlib import Path

import fsspec
import joblib
import numpy as np
import pytest
from fsspec import AbstractFileSystem
from PIL import Image
from sklearn.datasets import fetch_olivetti_faces

from faces.data.dataset import Faces, load_faces
from faces.data.sources import olivetti, synthetic
from faces.data.sources.base import SourceUnavailable
from faces.data.sources.folder import read_faces, read_image
from faces.errors import UserError
from tests.conftest import needs_real_faces


def test_a_written_folder_can_be_read_back(people_folder: Path, drawn: Faces) -> None:
    faces = load_faces(str(people_folder))
    assert faces.source == "folder"
    assert faces.identities == drawn.identities[:4]
    assert len(faces) == 32
    drawn_yaw = {
        f"{drawn.labels[row]}/{row}.png": drawn.conditions["yaw"][row] for row in range(32)
    }
    assert sorted(faces.conditions["yaw"]) == sorted(drawn_yaw.values())
    errors = [np.abs(drawn.images[:32] - image).max(axis=(1, 2)).min() for image in faces.images]
    assert max(errors) <= 0.5 / 255 + 1e-6


def test_every_supported_file_type_is_read_square_and_grey(tmp_path: Path) -> None:
    names = ("ada/a.jpg", "ada/b.pgm", "bob/c.JPEG", "bob/d.png", "bob/e.webp")
    for tone, name in enumerate(names, start=126):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        mode = "L" if name.endswith("pgm") else "RGB"
        Image.new(mode, (120, 80), tone if mode == "L" else (tone,) * 3).save(tmp_path / name)
    images, labels, conditions = read_faces(tmp_path, crop="middle").faces
    assert images.shape == (5, 64, 64)
    assert np.allclose(images, 128 / 255, atol=0.01)
    assert list(labels) == ["ada", "ada", "bob", "bob", "bob"]
    assert list(conditions.columns) == []


def remove_people(root: Path, keep: int) -> None:
    for person in sorted(path for path in root.iterdir() if path.is_dir())[keep:]:
        shutil.rmtree(person)


def write_table(root: Path, text: bytes) -> None:
    (root / "conditions.csv").write_bytes(text)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (shutil.rmtree, "no folder"),
        (lambda root: remove_people(root, keep=0), "none has any"),
        (lambda root: remove_people(root, keep=1), "only 'synthetic-01' has any"),
        (lambda root: next(root.glob("*/*.png")).write_bytes(b"no PNG"), "png is not an image"),
        (lambda root: write_table(root, b"yaw\nleft\n"), "needs a column 'file'"),
        (lambda root: write_table(root, b"file\nx/y.png\n"), "no image 'x/y.png'"),
        (lambda root: write_table(root, b"file\na\na\n"), "'a' is listed twice"),
        (lambda root: write_table(root, b"\xff\xfe\x00"), "cannot be read as a table"),
        (lambda root: write_table(root, b"file,label\n"), "cannot be called 'label'"),
    ],
)
def test_a_broken_folder_is_reported(
    people_folder: Path, tmp_path: Path, break_it, message
) -> None:
    root = tmp_path / "people"
    shutil.copytree(people_folder, root)
    break_it(root)
    with pytest.raises(UserError, match=message):
        read_faces(root)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("adda.png", r"^no file '.*adda\.png': did you mean 'ada\.png'\?$"),
        ("someone.jpg", r"^no file '.*someone\.jpg': name a PNG, JPEG, PGM or WebP file$"),
        ("none/ada.png", r"^no file '.*ada\.png': there is no folder '.*none'$"),
        ("folder.png", r"folder\.png is a folder: name an image file in it$"),
        ("empty.png", r"empty\.png is empty: "),
        ("text.png", r"text\.png is not an image: replace it with a PNG, JPEG, PGM or WebP file"),
        ("cut.png", r"cut\.png cannot be decoded \(.*truncated.*\): replace or remove it$"),
    ],
)
def test_each_cause_of_an_unreadable_image_is_named(
    people_folder: Path, tmp_path: Path, name: str, message: str
) -> None:
    image = next(people_folder.glob("*/*.png")).read_bytes()
    (tmp_path / "ada.png").write_bytes(image)
    (tmp_path / "cut.png").write_bytes(image[: len(image) // 2])
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.png").touch()
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UserError, match=message):
        read_image(tmp_path / name, 64)


def test_an_image_without_read_permission_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(UserError, match=r"ada\.png cannot be read: permission denied: chmod u\+r "):
        read_image(tmp_path / "ada.png", 64)


@pytest.fixture
def bucket(people_folder: Path) -> Iterator[AbstractFileSystem]:
    """A remote folder with the people in it: memory://b/people."""
    system = fsspec.filesystem("memory")
    system.put(str(people_folder), "/b/people", recursive=True)
    yield system
    system.rm("/b", recursive=True)


def test_a_remote_folder_loads_the_same_faces_and_leaves_no_copy(
    people_folder: Path, bucket: AbstractFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bucket.pipe("/b/people/../../escaped.png", b"not this")
    bucket.pipe("/b/people/ada/notes.txt", b"nor this")
    bucket.pipe("/b/people/.hidden/1.png", b"nor this")
    bucket.pipe("/b/people/loose.jpg", b"nor this")
    bucket.pipe("/b/people/ada/more/1.png", b"nor this")
    there = load_faces("memory://b/people/")
    assert there.version == load_faces(str(people_folder)).version
    assert there.skipped == (
        "ada/more/1.png: it is in a nested folder: move it to the person's own",
        "ada/notes.txt: .txt is not supported: convert it to PNG or JPEG",
        "loose.jpg: it is in no person's subfolder",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("memory://b/nobody", r"^memory://b/nobody: needs at least two subfolders.*none has any"),
        ("memory://b/broken", r"^memory://b/broken/ada/1\.png is not an image"),
        ("nowhere://b/people", r"^nowhere://b/people cannot be read: Protocol not known"),
    ],
)
def test_errors_in_a_remote_folder_name_its_uri(
    bucket: AbstractFileSystem, source: str, message: str
) -> None:
    for person in ("ada", "bob"):
        bucket.pipe(f"/b/broken/{person}/1.png", b"no PNG")
    with pytest.raises(UserError, match=message):
        load_faces(source)


def test_images_without_a_row_in_conditions_have_unknown_conditions(
    people_folder: Path, tmp_path: Path
) -> None:
    root = tmp_path / "people"
    shutil.copytree(people_folder, root)
    first = (root / "conditions.csv").read_text().splitlines()[:2]
    (root / "conditions.csv").write_text("\n".join(first))
    _, _, conditions = read_faces(root).faces
    assert (conditions["yaw"] == "unknown").sum() == 31


@needs_real_faces
def test_a_damaged_cache_is_reported_with_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = olivetti.cache_file().read_bytes()
    (tmp_path / olivetti.CACHE_NAME).write_bytes(whole[: len(whole) // 2])
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    for source in ("olivetti", "auto"):
        with pytest.raises(UserError, match=r"olivetti_py3\.pkz is damaged .*: delete that file"):
            load_faces(source)


def test_a_download_that_hangs_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    monkeypatch.setattr(olivetti, "DOWNLOAD_TIMEOUT_SECONDS", 0.01)
    with pytest.raises(SourceUnavailable, match="--data synthetic"):
        olivetti.fetch_faces()


def test_generation_is_repeatable_and_people_do_not_depend_on_each_other() -> None:
    images, labels, conditions = synthetic.generate_faces(5, 4, seed=3)
    again, _, _ = synthetic.generate_faces(5, 4, seed=3, batch=7)
    more, _, _ = synthetic.generate_faces(9, 6, seed=3)
    others, _, _ = synthetic.generate_faces(5, 4, seed=4)
    assert np.array_equal(images, again)
    assert np.array_equal(images[4:8], more[6:10])
    assert not np.allclose(images, others, atol=0.05)
    assert list(labels[:4]) == ["synthetic-1"] * 4
    assert (conditions["yaw"][::4] == "frontal").all()


def test_turned_heads_are_asymmetric_and_light_comes_from_its_side() -> None:
    images, _, conditions = synthetic.generate_faces(60, 10)
    left_minus_right = images[:, :, :32].mean(axis=(1, 2)) - images[:, :, 32:].mean(axis=(1, 2))
    lit = conditions["lighting"].to_numpy()
    assert left_minus_right[lit == "left"].mean() > 0.05
    assert left_minus_right[lit == "right"].mean() < -0.05
    assert images[lit == "dark"].mean() < 0.7 * images[lit == "even"].mean()
    # what is symmetric about a frontal head is not about a turned one
    asymmetry = np.abs(images - images[:, :, ::-1]).mean(axis=(1, 2))
    yaw, even = conditions["yaw"].to_numpy(), lit == "even"
    turned = asymmetry[even & (yaw != "frontal")].mean()
    assert turned > 1.25 * asymmetry[even & (yaw == "frontal")].mean()


def test_every_listed_condition_is_generated() -> None:
    _, _, drawn = synthetic.generate_faces(60, 10)
    listed = synthetic.list_conditions()
    for name in synthetic.CONDITIONS:
        assert set(drawn[name]) == set(listed[name])


def test_the_cache_is_read_as_scikit_learn_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    joblib.dump(np.random.default_rng(0).uniform(3, 200, (400, 4096)), olivetti.cache_file())
    images, labels, _ = olivetti.fetch_faces()
    expected = fetch_olivetti_faces(download_if_missing=False)
    assert np.array_equal(images, expected.images)
    assert list(labels) == [f"s{number + 1:02d}" for number in expected.target]
