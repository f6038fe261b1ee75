import numpy as np

from app.gallery import Gallery
from faces.data.dataset import Faces
from tests.conftest import mean_face_model


def test_the_most_similar_image_of_each_person_is_found(drawn: Faces) -> None:
    gallery = Gallery("1", drawn[np.arange(0, 96, 2)], drawn, mean_face_model(drawn))
    image = np.clip(drawn.images[8] * np.float32(0.7) + np.float32(0.1), 0, 1)
    first, second, third = gallery.most_similar(image)
    assert (first.row, first.person) == (4, str(drawn.labels[8]))
    assert first.similarity > 0.99 > second.similarity >= third.similarity
    assert len({first.person, second.person, third.person}) == 3


def test_the_recognised_person_comes_first(drawn: Faces) -> None:
    gallery = Gallery("1", drawn, drawn, mean_face_model(drawn))
    person = str(drawn.labels[-1])
    first, second = gallery.most_similar(drawn.images[0], 2, person)
    assert (first.person, second.person) == (person, str(drawn.labels[0]))
