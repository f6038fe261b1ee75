"""Every documented command exists, with its options, and is run by a test or says why not.

A block of commands is either run by a test that EXECUTED names, or by the tutorial's script, or it
has a comment before it: <!-- not run: the reason -->. Reasons that hold wherever a command is used
are in NOT_RUN.
"""

import contextlib
import importlib.util
import io
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from cli.main import COMMANDS, base_parser
from cli.main import main as command_line
from cli.options import pipeline_parser
from cli.overrides import read_overrides
from pipelines.shared.registry import load_pipeline
from tests.unit.test_documentation import PAGES, ROOT

BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\n\n)?"
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```",
    re.MULTILINE | re.DOTALL,
)
PROGRAM = re.compile(
    r"(?:[A-Z_]+=\S+ )?(python|make|zenml|mlflow|export|git|pip|docker|kubectl|apt-get|curl|gcloud|"
    r"terraform|source|systemctl|tar|gpg|until|\.venv/bin/[\w-]+)\b"
)

EXECUTED = {
    "python run.py --pipeline training": "tests/e2e/test_training.py",
    "ZENML_LOGGING_VERBOSITY=INFO python run.py --pipeline training": "tests/e2e/test_run.py",
    "python run.py --pipeline deployment": "tests/e2e/test_deployment.py",
    "python run.py --pipeline traffic": "tests/e2e/test_loop.py",
    "python run.py --pipeline drift_detection": "tests/e2e/test_loop.py",
    "python run.py --pipeline rollback": "tests/e2e/test_loop.py",
    "python run.py --pipeline history": "tests/e2e/test_loop.py",
    "python run.py --pipeline forget": "tests/e2e/test_forget.py",
    "python run.py --pipeline sweep": "tests/e2e/test_sweep.py",
    "python run.py --pipeline batch": "tests/e2e/test_forget.py",
    "python run.py --pipeline reproduce": "tests/e2e/test_training.py",
    "python run.py --register-stacks": "tests/integration/stacks/test_register.py",
    "python run.py --doctor": "tests/integration/stacks/test_doctor.py",
    "python run.py --help": "tests/unit/test_documented_commands.py",
    "python run.py --list": "tests/e2e/test_run.py",
    "python run.py predict": "tests/e2e/test_loop.py",
    "python run.py endpoint": "tests/e2e/test_deployment.py",
    "python run.py captured": "tests/e2e/test_loop.py",
    "python run.py lineage": "tests/e2e/test_loop.py",
    "python run.py webhook-receiver": "tests/integration/test_registry_events.py",
    "python run.py review": "tests/e2e/test_approval.py",
    "python run.py dashboard": "tests/integration/test_dashboard.py",
    "python run.py app": "tests/integration/app/test_service.py",
    "curl -F file=@photo.jpg": "tests/integration/app/test_service.py",
    "curl -s 127.0.0.1:9000": "tests/integration/serving/test_predictions.py",
    "zenml stack set": "tests/integration/stacks/test_register.py",
    "python -m components.deployers.container_images": "tests/unit/components",
    "python -m scripts.pin_base": "tests/unit/scripts/test_pin_base.py",
}
"""Commands and their beginnings, with a test that runs them (or what they call)."""

NOT_RUN = {
    "make": "targets are checked to exist; .ci/run runs check, docs, images, test and test-…",
    "python -m benchmarks.": "a measurement that takes minutes; the module is checked to exist",
    ".venv/bin/pre-commit": "changes the user's hooks",
    "source .venv/bin/activate": "changes the shell",
    "gcloud": "needs a Google Cloud account",
    "terraform": "needs a Google Cloud account; make test-infra validates the configuration",
    "until": "needs a Google Cloud account",
    "source gcp.env": "changes the shell",
    "zenml login": "needs a ZenML server; make test-gcp uses one",
    "zenml logout": "changes the user's client",
    "zenml service-connector": "needs a cluster",
    "zenml model-deployer": "needs a cluster or changes a user's server",
    "zenml model version update": "ZenML's own command",
    "zenml secret": "would need real secrets; tests create them with ZenML's client",
    "curl --fail -X POST https://api.github.com": "needs a GitHub account",
    "apt-get install": "needs root",
    "systemctl": "changes the user's services",
    "tar": "needs a passphrase",
    "gpg": "needs a passphrase",
}
"""Beginnings of commands that no test runs, and why."""


def blocks(page: Path) -> Iterator[tuple[str, list[str]]]:
    """The reason why a block is not run, or "", and its commands; blocks of output are skipped."""
    for match in BLOCK.finditer(page.read_text()):
        if match["language"] not in ("", "bash"):
            continue
        lines = [
            re.sub(r"\s+#( .*)?$", "", line.strip())
            for line in match["body"].replace("\\\n", " ").splitlines()
        ]
        if PROGRAM.match(lines[0]) or match["language"] == "bash":
            yield match["reason"] or "", [line for line in lines if PROGRAM.match(line)]


REPORT = (ROOT / "reports" / "README.md").read_text()
BOXES = re.findall(r"^\| (?!box )([^|]+) \| (?:`([^`]+)`|–) \| ([^|]*) ?\|$", REPORT, re.MULTILINE)
"""Boxes of the course's checklist: title, command ("" for none) and remark."""

COMMAND_BLOCKS = [(page, *block) for page in PAGES for block in blocks(page)]
LINES = sorted(
    {line for _, _, lines in COMMAND_BLOCKS for line in lines}
    | {command for _, command, _ in BOXES if command}
)


def test_the_blocks_are_found() -> None:
    assert len(COMMAND_BLOCKS) > 40
    assert len(LINES) > 100


def test_every_command_is_run_by_a_test_or_says_why_not() -> None:
    known = (*EXECUTED, *NOT_RUN)
    for page, reason, lines in COMMAND_BLOCKS:
        for line in lines:
            assert reason or line.startswith(known), f"{page.name}: {line}"


@pytest.mark.parametrize("command", [*EXECUTED, *NOT_RUN])
def test_the_lists_have_no_stale_entries(command: str) -> None:
    assert any(line.startswith(command) for line in LINES), command
    if command in EXECUTED:
        assert (ROOT / EXECUTED[command]).exists()


def test_the_boxes_of_the_course_have_commands_or_a_reason() -> None:
    assert len(BOXES) == 53
    assert sum(bool(command) for _, command, _ in BOXES) == 48
    for title, command, remark in BOXES:
        assert command or remark, title
        if remark.startswith("Person"):
            assert not command, title
    for command in (command for _, command, _ in BOXES if command.startswith("python -m pytest")):
        assert (ROOT / command.split()[-1]).exists(), command


def words_after(program: str) -> list[list[str]]:
    lines = (line for line in LINES if program in line)
    return [shlex.split(line.split(program, 1)[1].split(" > ")[0]) for line in lines]


@cache
def help_of(command: str) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        command_line([command, "--help"])
    return output.getvalue()


@pytest.mark.parametrize("words", words_after("python run.py "), ids=" ".join)
def test_options_of_the_command_line_exist(words: list[str]) -> None:
    if words[0] in COMMANDS:
        for word in words[1:]:
            if word.startswith("--"):
                assert re.search(rf"{word}\b", help_of(words[0])), word
        return
    args, unknown = base_parser().parse_known_args(words)
    if args.pipeline is None:
        assert not unknown
        return
    parsed = pipeline_parser(args.pipeline, base_parser()).parse(words)
    read_overrides(parsed.overrides, load_pipeline(args.pipeline).SETTINGS, parsed.multirun)


def test_targets_of_make_and_modules_exist() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for line in LINES:
        command = line.split(" && ")[0].split()
        if command[0] == "make":
            assert set(command[1:]) <= set(targets), line
        if command[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(command[2]), line
