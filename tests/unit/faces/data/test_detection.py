from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.face_detection import match
from benchmarks.scenes import PlacedFace, cluttered_background, compose_scene, paste_face
from faces.data.dataset import Faces, load_faces
from faces.data.detection import DetectedFace, Problem, choose_face, find_faces, quality
from faces.data.detection.crop import cut_square
from faces.data.detection.eyes import Frame, align_by_eyes
from faces.data.sources.folder import read_faces, read_image
from faces.errors import UserError
from tests.conftest import needs_real_faces

BLANK = np.full((64, 64), 0.5, np.float32)


def face(side: float, *problems: Problem) -> DetectedFace:
    return DetectedFace(0, 0, side, 0, 20, BLANK, problems)


@pytest.mark.parametrize(
    ("sides", "chosen"),
    [
        ([], Problem.NO_FACE),
        ([100], 100),
        ([100, 90], Problem.SEVERAL_FACES),
        ([160, 100], 160),
        ([30], Problem.TOO_SMALL),
    ],
)
def test_the_face_of_a_portrait_is_the_only_or_by_far_the_largest_one(
    sides: list[float], chosen: float | Problem
) -> None:
    faces = [face(side, *quality.find_problems(BLANK, side)) for side in sides]
    found = choose_face(faces)
    assert (found if isinstance(found, Problem) else found.side) == chosen


def test_blurred_and_dark_faces_are_reported(drawn: Faces) -> None:
    import cv2

    image = np.array(drawn.images[0])
    assert quality.find_problems(image, 100) == ()
    blurred = cv2.GaussianBlur(image, (0, 0), 2.5)
    assert quality.find_problems(blurred, 100) == (Problem.BLURRED,)
    assert Problem.TOO_DARK in quality.find_problems(image * np.float32(0.2), 100)


def test_a_square_is_cut_out_upright_at_any_size(drawn: Faces) -> None:
    rng = np.random.default_rng(0)
    for side, tilt in ((64, 0), (256, 12), (180, -15)):
        place = PlacedFace(300.5, 200.5, side, tilt)
        scene = paste_face(cluttered_background(rng, (480, 640)), drawn.images[3], place)
        square = cut_square(scene, place.x, place.y, side, tilt, 64)
        inner = np.s_[6:-6, 6:-6]
        assert np.abs(square.pixels - drawn.images[3])[inner].mean() < 0.03
        x, y = square.to_photo(31.5, 31.5)
        assert np.hypot(x - place.x, y - place.y) < 1.5


def test_a_picture_without_faces_has_none() -> None:
    assert find_faces(np.zeros((200, 300), np.float32)) == []
    assert find_faces(np.zeros((3, 2), np.float32)) == []


@needs_real_faces
def test_faces_are_found_upright_and_framed_like_the_training_faces(real: Faces) -> None:
    rng = np.random.default_rng(7)
    found, placed, errors = 0, 0, []
    for _ in range(4):
        rows = rng.choice(len(real), 3, replace=False)
        scene, places = compose_scene(list(real.images[rows]), rng)
        pairs = match(rows, places, find_faces(scene))
        found, placed = found + len(pairs), placed + len(places)
        errors += [abs(there.tilt - place.tilt) for _, there, place in pairs]
    assert found >= 0.9 * placed
    assert np.mean(errors) < 4


@needs_real_faces
def test_faces_of_photos_are_found_and_unusable_files_are_listed(
    real: Faces, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    for person, row in (("ada", 0), ("bob", 30)):
        folder = tmp_path / person
        folder.mkdir()
        for number in range(2):
            scene = cluttered_background(rng, (480, 640))
            scene = paste_face(scene, real.images[row + number], PlacedFace(320, 240, 200, 5))
            Image.fromarray(np.asarray(scene * 255, np.uint8)).save(folder / f"{number}.png")
    (tmp_path / "ada" / "same.png").write_bytes((tmp_path / "ada" / "0.png").read_bytes())
    (tmp_path / "bob" / "phone.heic").write_bytes(b"x")
    (tmp_path / "bob" / "more").mkdir()
    (tmp_path / "bob" / "more" / "1.png").write_bytes(b"x")
    (tmp_path / "loose.jpg").write_bytes(b"x")
    Image.new("L", (600, 400), 90).save(tmp_path / "bob" / "wall.jpg")
    (tmp_path / "conditions.csv").write_text("file,yaw\nbob/wall.jpg,left\nbob/1.png,right\n")

    found = read_faces(tmp_path)
    images, labels, table = found.faces
    assert list(labels) == ["ada", "ada", "bob", "bob"]
    assert list(table["yaw"]) == ["unknown", "unknown", "unknown", "right"]
    assert np.corrcoef(images[2].ravel(), real.images[30].ravel())[0, 1] > 0.7
    assert found.skipped == (
        "ada/same.png: the same file as ada/0.png",
        "bob/more/1.png: it is in a nested folder: move it to the person's own",
        "bob/phone.heic: .heic is not supported: convert it to PNG or JPEG",
        "bob/wall.jpg: no face was found",
        "loose.jpg: it is in no person's subfolder",
    )
    assert len(read_faces(tmp_path, crop="middle").faces[0]) == 5
    with pytest.raises(UserError, match=r"wall\.jpg: no face was found: use another picture"):
        read_image(tmp_path / "bob" / "wall.jpg", 64, "faces")


def test_without_opencv_photos_are_refused_with_the_fix(
    tmp_path: Path, people_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.data.detection.detector.is_available", lambda: False)
    assert len(load_faces(str(people_folder))) == 32, "crops need no detection"
    Image.new("L", (600, 400), 90).save(tmp_path / "photo.png")
    with pytest.raises(UserError, match="face detection needs OpenCV: make setup-app"):
        read_image(tmp_path / "photo.png", 64, "auto")


def test_problems_do_not_depend_on_the_order_of_faces() -> None:
    small = replace(face(30), problems=(Problem.TOO_SMALL,))
    assert choose_face([face(100), small]) != Problem.SEVERAL_FACES


@needs_real_faces
def test_eyes_correct_a_frame_that_is_a_little_off(real: Faces) -> None:
    rng = np.random.default_rng(3)
    before: list[tuple[float, float, float]] = []
    after: list[tuple[float, float, float]] = []
    for row in range(0, 400, 40):
        truth = PlacedFace(320, 240, 200, float(rng.uniform(-12, 12)))
        scene = paste_face(cluttered_background(rng, (480, 640)), real.images[row], truth)
        rough = Frame(
            truth.x + rng.normal(0, 6), truth.y + rng.normal(0, 6),
            truth.side * rng.uniform(0.9, 1.1), truth.tilt + rng.normal(0, 3),
        )  # fmt: skip
        aligned = align_by_eyes(np.asarray(scene * 255, np.uint8), rough)
        for frame, errors in ((rough, before), (aligned, after)):
            errors.append((frame.x - truth.x, frame.y - truth.y, frame.tilt - truth.tilt))
    assert np.abs(after).mean() < 0.75 * np.abs(before).mean()


def test_without_eyes_the_frame_stays(drawn: Faces) -> None:
    frame = Frame(100, 100, 80, 3)
    assert align_by_eyes(np.full((200, 200), 90, np.uint8), frame) == frame
