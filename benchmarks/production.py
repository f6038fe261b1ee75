"""Months of simulated production: synthetic faces over time, with labels that come late or never.

Seasons change how faces are photographed. Some cost accuracy (turned heads, side light, a tilted
camera), one does not (noise). People who are not enrolled come, too, more of them in one season;
some faces come as bursts of near-duplicates; and labels are missing, late or wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.data.conditions import parse_condition
from faces.data.corruptions import corrupt
from faces.data.dataset import Faces, load_faces
from faces.data.split import Split, split_by_condition

PEOPLE, NEWCOMERS, IMAGES = 40, 6, 90
"""Synthetic people, how many of them are not enrolled, and the images of each."""

BASELINE = "yaw=frontal,lighting=even"
DATA_BASELINE, DATA_OTHERS = 8, 3
"""Images of each enrolled person in the data set: of the baseline, and of other conditions."""

FACES_A_DAY = 12
BURST_SHARE, FRAMES = 0.1, 4
LABELLED, WRONG, MEAN_DELAY = 0.25, 0.05, 4.0
"""Share of faces that users label, share of these that are wrong, and their mean delay in days."""

MANY_WRONG = (130, 150, 0.3)
"""From day, to day, and the share of wrong labels in between."""

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Season:
    """How faces are photographed from a day on.

    Attributes:
        start: The first day.
        shares: Share of faces by kind: "frontal", "turned" or "side light".
        corruption: What is done to all images; "" for nothing.
        newcomers: Share of faces of people who are not enrolled.
    """

    start: int
    shares: Mapping[str, float]
    corruption: str = ""
    newcomers: float = 0.03


SEASONS = (
    Season(0, {"frontal": 1.0}),
    Season(20, {"frontal": 0.4, "turned": 0.6}),
    Season(50, {"frontal": 1.0}),
    Season(65, {"frontal": 1.0}, "noise"),
    Season(80, {"frontal": 0.5, "side light": 0.5}),
    Season(110, {"frontal": 1.0}, newcomers=0.15),
    Season(125, {"frontal": 1.0}, "rotation"),
    Season(150, {"frontal": 0.2, "turned": 0.5, "side light": 0.3}),
)


@dataclass(frozen=True, eq=False)
class Production:
    """What happens, whatever the policy does.

    Attributes:
        data: The data set that the first version is trained on.
        split: Its split.
        images: Faces of production in order of time, (n, 64, 64).
        people: Who is in each, (n,).
        enrolled: Whether that person is enrolled, (n,).
        days: When each came, in days, (n,).
        labels: The label from users, (n,), "" without any.
        arrivals: When it came, (n,); infinity without a label.
    """

    data: Faces
    split: Split
    images: NDArray[np.float32]
    people: NDArray[np.str_]
    enrolled: NDArray[np.bool_]
    days: NDArray[np.float64]
    labels: NDArray[np.str_]
    arrivals: NDArray[np.float64]


def simulate_production(
    seed: int, days: int, people: int = PEOPLE, images: int = IMAGES
) -> Production:
    """Simulate the faces and labels of some months.

    Args:
        seed: Seed of the people and of everything that happens.
        days: Number of days.
        people: Number of people, of whom `NEWCOMERS` are not enrolled.
        images: Number of different images of each.
    """
    rng = np.random.default_rng(seed)
    faces = load_faces("synthetic", people=people, images=images, seed=seed)
    newcomers = np.isin(faces.labels, rng.permutation(faces.identities)[:NEWCOMERS])
    used = _data_set(faces, newcomers, rng)
    data = faces[used]
    split = split_by_condition(data, parse_condition(BASELINE, data.conditions), seed=seed)
    draw = _source(faces, np.setdiff1d(np.arange(len(faces)), used), newcomers, rng)
    rows: list[int] = []
    times: list[float] = []
    parts = []
    for day in range(days):
        season = [season for season in SEASONS if season.start <= day][-1]
        today = [draw(season) for _ in range(rng.poisson(FACES_A_DAY))]
        repeats = np.where(rng.random(len(today)) < BURST_SHARE, FRAMES, 1)
        today = np.repeat(np.array(today, dtype=np.intp), repeats).tolist()
        shown = np.asarray(faces.images[today])
        if season.corruption and today:
            shown = corrupt(season.corruption, shown, int(rng.integers(1 << 30)))
        gains = rng.uniform(0.998, 1.002, (len(today), 1, 1))
        parts.append(np.clip(shown * gains, 0, 1).astype(np.float32))
        rows += today
        times += sorted(day + rng.random(len(today)))
    shown_people, moments = faces.labels[rows], np.array(times)
    enrolled = ~newcomers[rows]
    labels, arrivals = _label(shown_people, enrolled, moments, np.unique(data.labels), rng)
    return Production(
        data, split, np.concatenate(parts), shown_people, enrolled, moments, labels, arrivals
    )


def _data_set(faces: Faces, newcomers: NDArray[np.bool_], rng: np.random.Generator) -> Rows:
    """Return rows of the data set: images of the baseline and of other conditions."""
    kinds = _kinds(faces)
    rows = []
    for person in np.unique(faces.labels[~newcomers]):
        own = faces.labels == person
        rows.append(rng.permutation(np.flatnonzero(own & (kinds == "frontal")))[:DATA_BASELINE])
        others = np.flatnonzero(own & (kinds != "frontal") & (kinds != ""))
        rows.append(rng.permutation(others)[:DATA_OTHERS])
    return np.sort(np.concatenate(rows))


def _kinds(faces: Faces) -> NDArray[np.str_]:
    """Return the kind of each image, "" for those that are not used."""
    frontal = (faces.conditions["yaw"] == "frontal").to_numpy()
    light = faces.conditions["lighting"].to_numpy(dtype=str)
    even, side = light == "even", np.isin(light, ["left", "right"])
    return np.select(
        [frontal & even, ~frontal & even, frontal & side],
        ["frontal", "turned", "side light"],
        default="",
    )


def _source(
    faces: Faces, left: Rows, newcomers: NDArray[np.bool_], rng: np.random.Generator
) -> Callable[[Season], int]:
    """Return a function that draws a face of a season. No face is drawn twice until all were."""
    kinds = _kinds(faces)
    queues: dict[tuple[str, bool], list[int]] = {}

    def draw(season: Season) -> int:
        names = list(season.shares)
        kind = names[rng.choice(len(names), p=list(season.shares.values()))]
        new = bool(rng.random() < season.newcomers)
        queue = queues.setdefault((kind, new), [])
        if not queue:
            queue += rng.permutation(
                left[(kinds[left] == kind) & (newcomers[left] == new)]
            ).tolist()
        return queue.pop()

    return draw


def _label(
    people: NDArray[np.str_],
    enrolled: NDArray[np.bool_],
    days: NDArray[np.float64],
    known: NDArray[np.str_],
    rng: np.random.Generator,
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Return labels and when they come: of enrolled people only, some of them wrong."""
    first, last, share = MANY_WRONG
    wrong = rng.random(len(people)) < np.where((days >= first) & (days < last), share, WRONG)
    labels = np.where(wrong, rng.choice(known, len(people)), people)
    labelled = enrolled & (rng.random(len(people)) < LABELLED)
    arrivals = np.where(labelled, days + rng.exponential(MEAN_DELAY, len(people)), np.inf)
    return np.where(labelled, labels, ""), arrivals
