"""Retraining policies in months of simulated production: wrong answers, retrainings, labels.

    python -m benchmarks.policies                   # half a year, two worlds, about a minute
    python -m benchmarks.policies --worlds 6 --plot docs/policies.png

Every policy sees the same faces and labels (`benchmarks.production`). Drift detection runs every
two days. A policy that wants to retrain without enough labels asks an operator for 30, who needs
two days; the labels of users are free.

- never; weekly: by date, on labels by an operator;
- drift: the test of the window; accuracy: that of the labels; monitor: that of single faces;
- default: all three, as the pipeline does with its default settings.

"canary" are the same with canary releases.
"""

import argparse
import platform
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
from matplotlib.colors import TABLEAU_COLORS
from matplotlib.figure import Figure
from rich.progress import track
from threadpoolctl import threadpool_limits

from benchmarks.defence import Enrolment, Loop
from benchmarks.policy_trial import Outcome, Trial, Trigger, Version
from benchmarks.production import simulate_production

DAYS, FIRST_SEED = 180, 20_000
Outcomes = dict[str, Outcome]


def main() -> None:
    """Simulate all policies, print a table in Markdown, and draw the chart."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=2, help="number of simulated productions")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--model", default="svm")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--plot", metavar="FILE", help="draw the chart to this PNG file")
    args = parser.parse_args()
    seeds = range(args.first_seed, args.first_seed + args.worlds)
    with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
        work = pool.map(partial(run_world, args.days, args.model), seeds)
        worlds = list(track(work, "simulating", total=args.worlds))
    print(f"\n{date.today()}, {platform.machine()}, {args.worlds} times {args.days} days\n")
    print(describe(worlds))
    if args.plot:
        draw(worlds).savefig(Path(args.plot), dpi=150)


def run_world(days: int, model: str, seed: int) -> Outcomes:
    """Simulate one production under every policy.

    Args:
        days: Number of days.
        model: Name of the recogniser.
        seed: The production's seed.

    Returns:
        What each policy achieved, by its name.
    """
    production = simulate_production(seed, days)
    enrolment = Enrolment(production.data, production.split)
    first = Version(Loop(enrolment, model), 1, production)
    outcomes = {}
    for trigger in get_args(Trigger):
        for canary in (False, True)[: 1 if trigger == "never" else 2]:
            trial = Trial(production, enrolment, first, trigger, canary)
            outcomes[f"{trigger}, canary" if canary else trigger] = trial.run()
    return outcomes


def describe(worlds: Sequence[Outcomes]) -> str:
    """Return a table in Markdown: means over productions."""
    lines = [
        "| policy | wrong answers | more than the best | retrainings | versions that went live | "
        "labels asked for |",
        "|---|---|---|---|---|---|",
    ]
    wrong = {name: wrong_share(worlds, name) for name in worlds[0]}
    best = min(wrong.values())
    for name, share in wrong.items():
        means = [
            np.mean([getattr(world[name], field) for world in worlds])
            for field in ("retrainings", "live", "labels")
        ]
        figures = " | ".join(f"{mean:.1f}" for mean in means)
        lines.append(f"| {name} | {share:.1%} | {share / best - 1:+.0%} | {figures} |")
    return "\n".join(lines)


def wrong_share(worlds: Sequence[Outcomes], name: str) -> float:
    """Return a policy's share of wrong answers over all productions."""
    wrong, faces = (sum(getattr(w[name], field) for w in worlds) for field in ("wrong", "faces"))
    return float(wrong / faces)


def draw(worlds: Sequence[Outcomes]) -> Figure:
    """Draw wrong answers against retrainings, and against the labels that were asked for."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    colours = dict(zip(get_args(Trigger), TABLEAU_COLORS.values(), strict=False))
    for panel, (field, title) in zip(
        panels, (("retrainings", "retrainings"), ("labels", "labels asked for")), strict=True
    ):
        for name in worlds[0]:
            trigger, canary, _ = name.partition(", canary")
            x = np.mean([getattr(world[name], field) for world in worlds])
            panel.scatter(
                x,
                100 * wrong_share(worlds, name),
                s=90 if trigger == "default" else 45,
                marker="s" if canary else "o",
                edgecolor=colours[trigger],
                facecolor="none" if canary else colours[trigger],
                label=name,
            )
        panel.set_xlabel(f"{title} in a production")
        panel.margins(0.1)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("wrong answers, %")
    panels[1].legend(frameon=False, fontsize=8, loc="upper right", ncols=2)
    return figure


if __name__ == "__main__":
    main()
