import shlex

import pytest

from cli.examples import EXIT_CODES, OTHERS, PIPELINES, pipeline_examples
from cli.main import COMMANDS, base_parser
from cli.options import pipeline_parser
from pipelines.shared.registry import pipeline_names


@pytest.mark.parametrize("name", pipeline_names())
def test_every_pipeline_has_examples_that_its_parser_accepts(name: str) -> None:
    title, *lines, blank, codes = pipeline_examples(name).splitlines()
    assert (title, blank, codes) == ("examples:", "", EXIT_CODES)
    assert len(lines) > 1
    for line in lines:
        words = shlex.split(line, comments=True)[2:]
        assert words[:2] == ["--pipeline", name]
        pipeline_parser(name, base_parser()).parse(words)


def test_all_examples_are_of_a_pipeline_or_a_command() -> None:
    for line in [*PIPELINES.splitlines(), *OTHERS.splitlines()]:
        assert line.startswith("  python run.py ")
    commands = [line.split()[2] for line in OTHERS.splitlines() if "run.py --" not in line]
    assert commands
    assert set(commands) <= set(COMMANDS)
