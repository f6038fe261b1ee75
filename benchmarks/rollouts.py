"""Simulated canary releases: who goes live, who goes back, and after how many faces.

    python -m benchmarks.rollouts
    python -m benchmarks.rollouts --releases 200 --every 50

Each face is recognised by both versions, by only one of them, or by neither, with the rates of the
row. A share of the faces has a label; of the other disagreements, the witness judges 90 % rightly,
3 % wrongly and 7 % not at all. The policy is that of the pipelines, which look every few faces. A
candidate that is not sent back stays.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from threadpoolctl import threadpool_limits

from faces.evaluation.canary_policy import CanaryLimits, Phase, decide, weigh
from faces.evaluation.paired_answers import PairedAnswers

LIMITS = CanaryLimits()
WITNESS = {"right": 0.9, "wrong": 0.03, "undecided": 0.07}


@dataclass(frozen=True)
class Candidate:
    """How a candidate differs from the live version.

    Attributes:
        gained: Share of faces that only the candidate recognises.
        lost: Share of faces that only the live version recognises.
        labelled: Share of faces with a label.
    """

    gained: float
    lost: float
    labelled: float = 1.0

    def __str__(self) -> str:
        return f"{100 * self.gained:.0f} % gained, {100 * self.lost:.0f} % lost"


CANDIDATES = [
    Candidate(0.0, 0.0),
    Candidate(0.02, 0.02),
    Candidate(0.05, 0.05),
    Candidate(0.04, 0.02),
    Candidate(0.02, 0.02, 0.3),
    Candidate(0.0, 0.1),
    Candidate(0.01, 0.11),
    Candidate(0.02, 0.12),
    Candidate(0.01, 0.11, 0.3),
    Candidate(0.02, 0.07),
]


@dataclass(frozen=True)
class Outcome:
    """What became of a simulated release.

    Attributes:
        phase: Its last phase.
        live_after: Number of faces after which the candidate answered all; None if it never did.
        labelled: Number of labelled faces until the end.
        answered: Share of the faces that the candidate answered.
    """

    phase: Phase
    live_after: int | None
    labelled: int
    answered: float


def main() -> None:
    """Simulate, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--releases", type=int, default=1000)
    parser.add_argument("--every", type=int, default=5, help="faces between two looks")
    parser.add_argument("--first-seed", type=int, default=1_000_000)
    args = parser.parse_args()
    seeds = range(args.first_seed, args.first_seed + args.releases)
    print(
        "| candidate | labelled | sent back, % | stays, % | live after, faces | labelled faces "
        "until it is gone | share of answers, % |\n" + "|---" * 7 + "|"
    )
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        for candidate in track(CANDIDATES, "simulating"):
            work = pool.map(partial(simulate, candidate, args.every), seeds, chunksize=25)
            print(describe(candidate, list(work)))


def describe(candidate: Candidate, outcomes: list[Outcome]) -> str:
    """Return a candidate's row of the table."""
    back = [o for o in outcomes if o.phase == Phase.ROLLED_BACK]
    live = [o.live_after for o in outcomes if o.live_after is not None]
    sent_back = 100 * len(back) / len(outcomes)
    gone = f"{np.median([o.labelled for o in back]):.0f}" if sent_back > 50 else ""
    live_after = f"{np.median(live):.0f}" if sent_back <= 50 else ""
    answered = 100 * np.mean([o.answered for o in outcomes])
    return (
        f"| {candidate} | {100 * candidate.labelled:.0f} % | {sent_back:.1f} | "
        f"{100 - sent_back:.1f} | {live_after} | {gone} | {answered:.1f} |"
    )


def simulate(candidate: Candidate, every: int, seed: int) -> Outcome:
    """Simulate one release.

    Args:
        candidate: How the candidate differs from the live version.
        every: Number of faces between two looks.
        seed: The seed of the faces.

    Returns:
        What became of it.
    """
    rng = np.random.default_rng(seed)
    size = LIMITS.maximum_faces + LIMITS.watch_faces + 2 * every
    outcomes, unjudged, labelled = draw(candidate, size, rng)
    by_candidate = np.zeros(size, dtype=bool)
    phase, live_since = Phase.SHADOW, None
    for n in range(every, size, every):
        now = slice(n - every, n)
        share = {Phase.CANARY: LIMITS.share, Phase.WATCH: 1.0}.get(phase, 0.0)
        by_candidate[now] = rng.random(every) < share
        seen = PairedAnswers(
            outcomes[:n],
            unjudged[:n],
            np.full(n, ""),
            np.zeros(n, dtype=bool),
            np.zeros(n, dtype=bool),
            by_candidate[:n],
            np.arange(n),
            known_people=40,
        )
        phase = decide(phase, weigh(seen, LIMITS, live_since, 0), LIMITS).phase
        if phase == Phase.WATCH and live_since is None:
            live_since = n - 1
        if not phase.is_active:
            break
    live_after = None if live_since is None else live_since + 1
    return Outcome(phase, live_after, int(labelled[:n].sum()), float(by_candidate[:n].mean()))


def draw(
    candidate: Candidate, size: int, rng: np.random.Generator
) -> tuple[NDArray[np.int8], NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw faces.

    Args:
        candidate: How the candidate differs from the live version.
        size: Number of faces.
        rng: The source of randomness.

    Returns:
        For each face, what the policy sees: the outcome, whether nobody could judge it, and
        whether it has a label.
    """
    rates = [candidate.gained, candidate.lost]
    truth = rng.choice([1, -1, 0], size, p=[*rates, 1 - sum(rates)])
    labelled = rng.random(size) < candidate.labelled
    judgement = rng.choice([1, -1, 0], size, p=list(WITNESS.values()))
    outcomes = np.where(labelled, truth, truth * judgement).astype(np.int8)
    return outcomes, (outcomes == 0) & (truth != 0), labelled


if __name__ == "__main__":
    main()
