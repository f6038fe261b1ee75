import numpy as np

from faces.data.dataset import Faces
from faces.drift.near_duplicates import is_near_duplicate, make_thumbnails


def test_frames_of_a_burst_are_near_duplicates_and_other_images_are_not(people: Faces) -> None:
    rng = np.random.default_rng(0)
    image = np.asarray(people.images[:1], np.float64)
    others = make_thumbnails(np.asarray(people.images[1:]))
    changes = [1.002 * image, image + rng.normal(0, 1 / 255, image.shape), image + 0.01]
    for changed in changes:
        thumbnail = make_thumbnails(changed)[0]
        assert is_near_duplicate(thumbnail, make_thumbnails(image))
        assert not is_near_duplicate(thumbnail, others)


def test_constant_images_are_near_duplicates_of_each_other_only(people: Faces) -> None:
    black = make_thumbnails(np.zeros((1, 64, 64)))
    assert is_near_duplicate(make_thumbnails(np.full((1, 64, 64), 0.5))[0], black)
    assert not is_near_duplicate(black[0], make_thumbnails(np.asarray(people.images)))
