"""Change infra/gcp in hundreds of ways, and report which changes no test notices.

python -m tests.infra.mutation [FILE.tf ...]

A change is noticed if the access of an identity (tests/infra/access.yaml), the plan
(tests/infra/plan.yaml) or `terraform validate` shows it, or tests/unit/test_infra.py does.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import NamedTuple

import yaml

from tests.infra.access import INFRA, access
from tests.infra.plan import plan, repository
from tests.infra.provider import HERE, stub_providers

TEXTS = re.compile(r"^\s*(#|description|display_name|error_message|title|content)\b")
ATTRIBUTE = re.compile(r'^\s+"?[\w.\-/]+"?\s+= .*[^\[{(,]$')
BLOCK = re.compile(r'^(\s*)([\w."]+)( "[^"]+")*( +=)? ([{\[])$')
ITEM = re.compile(r'^\s+("[^"]+"|google_[\w.]+),')
IDENTITIES = ("pipelines", "serving", "zenml", "mlflow", "builds")
UNIT_TESTS = [
    sys.executable, "-m", "pytest", "-qq", "-x", "--no-header", "--no-summary", "--noconftest",
    "-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider", "-k", "not format",
    "tests/unit/test_infra.py",
]  # fmt: skip
SWAPS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"\btrue\b"), "false"),
    (re.compile(r"\bfalse\b"), "true"),
    (re.compile(r'"roles/[\w.]+"'), '"roles/viewer"'),
    (re.compile(r"(?<== )(\d+)$"), "0"),
    (re.compile(r" \? (.+?) : (.+)$"), r" ? \2 : \1"),
    (re.compile(r"(?<== )\[.+\]$"), "[]"),
    (re.compile(r"== "), "!= "),
    (re.compile(r"\bvar\.region\b"), '"us-central1"'),
    (re.compile(r'(?<== )"(?!roles/)([^"$]{2,})"$'), '"another"'),
]
"""Patterns of a line, and what replaces them."""

PARSER = Lock()
"""The parser of Terraform's language keeps a state, so one thread at a time may use it."""

UNCHANGED = "nothing is changed"


class Mutant(NamedTuple):
    """A changed file."""

    file: str
    line: int
    change: str
    text: str


def mutants(file: Path) -> Iterator[Mutant]:
    """Yield every change of a file: a block or an attribute removed, or a value replaced."""
    lines = file.read_text().splitlines()

    def changed(at: int, change: str, new: list[str], until: int) -> Mutant:
        text = "\n".join([*lines[:at], *new, *lines[until:]]) + "\n"
        return Mutant(file.name, at + 1, change, text)

    for at, line in enumerate(lines):
        if TEXTS.match(line):
            continue
        if block := BLOCK.match(line):
            closing = block[1] + {"{": "}", "[": "]"}[block[5]]
            end = next(n for n in range(at, len(lines)) if lines[n] == closing)
            yield changed(at, f"without {line.strip()}", [], end + 1)
        elif ATTRIBUTE.match(line) or ITEM.match(line):
            yield changed(at, f"without {line.strip()}", [], at + 1)
        for new in replacements(line):
            yield changed(at, f"{line.strip()} -> {new.strip()}", [new], at + 1)


def replacements(line: str) -> Iterator[str]:
    """Yield a line with a value replaced."""
    for pattern, value in SWAPS:
        new = pattern.sub(value, line, count=1)
        if new != line:
            yield new
    if match := re.search(r"google_service_account\.(\w+)(?=\.|\[)", line):
        other = IDENTITIES[(IDENTITIES.index(match[1]) + 1) % 5] if match[1] in IDENTITIES else ""
        if other:
            yield line.replace(match[0], f"google_service_account.{other}")


def noticed_by(mutant: Mutant, providers: dict[str, str], expected: tuple[object, object]) -> str:
    """Return the test that notices a change; empty if there is none."""
    with TemporaryDirectory() as folder:
        infra = repository(Path(folder))
        (infra / mutant.file).write_text(mutant.text)
        try:
            with PARSER:
                if access(infra) != expected[0]:
                    return "access"
        except Exception:
            return "syntax"
        found, errors = plan(infra, providers)
        if errors:
            return "validate"
        if found != expected[1]:
            return "plan"
        done = subprocess.run(
            UNIT_TESTS, env={**os.environ, "TESTED_INFRA": str(infra)}, capture_output=True
        )
        return "unit test" if done.returncode else ""


def main(names: list[str]) -> None:
    """Print the changes that nothing notices, and the score."""
    files = [INFRA / name for name in names] or sorted(INFRA.glob("*.tf"))
    expected = tuple(yaml.safe_load((HERE / f"{n}.yaml").read_text()) for n in ("access", "plan"))
    unchanged = [Mutant(file.name, 0, UNCHANGED, file.read_text()) for file in files]
    every = [*unchanged, *(mutant for file in files for mutant in mutants(file))]
    score = Counter[str]()
    with (
        TemporaryDirectory() as folder,
        stub_providers(Path(folder)) as providers,
        ThreadPoolExecutor(2) as pool,
    ):
        results = pool.map(noticed_by, every, repeat(providers), repeat(expected))
        for mutant, by in zip(every, results, strict=True):
            if mutant.change == UNCHANGED:
                assert not by, f"{mutant.file} is not changed, but the {by} differs"
                continue
            score[by or "nothing"] += 1
            if not by:
                print(f"{mutant.file}:{mutant.line}: {mutant.change}", flush=True)
    total = score.total()
    print(f"{total - score['nothing']} of {total} changes are noticed: {dict(score)}")


if __name__ == "__main__":
    main(sys.argv[1:])
