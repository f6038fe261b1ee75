"""Command-line options of a pipeline, derived from the settings that are marked `CommandLine`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from cli.examples import pipeline_examples
from cli.overrides import is_override
from components.settings import CommandLine, Settings
from faces.errors import UserError
from pipelines.shared.registry import load_pipeline, pipeline_names

PREFIX = "option "
"""Keeps a pipeline's options apart from the others in argparse's namespace."""


@dataclass(frozen=True)
class Option:
    """An option, and the setting that it sets.

    Attributes:
        flag: The option's name without dashes.
        path: The names that lead to the setting: ("data", "source").
        kind: The type of its value.
        metavar: What its value is called in `--help`.
        help: What it means, in one line.
    """

    flag: str
    path: tuple[str, ...]
    kind: type
    metavar: str
    help: str


def options_of(settings: type[Settings], path: tuple[str, ...] = ()) -> Iterator[Option]:
    """Find the options of a settings class, also in the settings inside it.

    Args:
        settings: The class; options are the fields that are marked `CommandLine`.
        path: The names that lead to this class from that of the pipeline.

    Yields:
        Options in the order of the fields.
    """
    for name, field in settings.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, Settings):
            yield from options_of(annotation, (*path, name))
        for mark in field.metadata:
            if isinstance(mark, CommandLine):
                assert isinstance(annotation, type), f"{name}: an option needs a simple type"
                flag = mark.flag or name
                text = field.description or ""
                yield Option(flag, (*path, name), annotation, mark.metavar or "VALUE", text)


class PipelineParser:
    """Parses the options of one pipeline together with those of all."""

    def __init__(self, name: str, parser: argparse.ArgumentParser) -> None:
        self.name, self._parser = name, parser
        self.options = {o.flag: o for o in options_of(load_pipeline(name).SETTINGS)}
        group = parser.add_argument_group(f"options of {name}")
        for option in self.options.values():
            group.add_argument(
                f"--{option.flag}",
                dest=PREFIX + option.flag,
                type=option.kind,
                metavar=option.metavar,
                help=option.help.replace("%", "%%"),
            )

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse a command line.

        Args:
            words: The command line without the program's name.

        Returns:
            Options of all pipelines by name, and the words key=value as `overrides`. `options_of`
            extracts the options of this pipeline.

        Raises:
            UserError: If an option belongs to another pipeline or does not exist.
        """
        args, unknown = self._parser.parse_known_args(words)
        for word in unknown:
            if word.startswith("--"):
                raise UserError(describe_unknown(word.split("=")[0], self._parser, self.name))
        if wrong := [word for word in unknown if not is_override(word)]:
            self._parser.error(f"unrecognized arguments: {' '.join(wrong)}")
        args.overrides = unknown
        return args

    def options_of(self, args: argparse.Namespace) -> dict[str, object]:
        """Return the pipeline's options that were given, by flag.

        Args:
            args: As returned by `parse`.
        """
        values = ((flag, getattr(args, PREFIX + flag)) for flag in self.options)
        return {flag: value for flag, value in values if value is not None}

    def print_help(self) -> None:
        """Print the options, those of the pipeline included."""
        self._parser.usage = f"run.py --pipeline {self.name} [options] [SETTING=VALUE …]"
        self._parser.description = sys.modules[f"pipelines.{self.name}"].__doc__
        self._parser.epilog = pipeline_examples(self.name)
        self._parser.print_help()


def pipeline_parser(name: str, parser: argparse.ArgumentParser) -> PipelineParser:
    """Extend a parser with the options of a pipeline.

    Args:
        name: The pipeline.
        parser: The parser of the options that all pipelines have; it is changed.

    Returns:
        The parser of both.

    Raises:
        UserError: If there is no such pipeline.
    """
    return PipelineParser(name, parser)


def describe_unknown(
    flag: str, parser: argparse.ArgumentParser, pipeline: str | None = None
) -> str:
    """Explain an option that a command line does not have.

    Args:
        flag: The option, such as --model.
        parser: The parser whose options are suggested.
        pipeline: The pipeline on the command line; None if there is none.

    Returns:
        The pipelines that have this option or, if there are none, the nearest option.
    """
    owners = [
        name
        for name in pipeline_names()
        if flag.removeprefix("--") in {o.flag for o in options_of(load_pipeline(name).SETTINGS)}
    ]
    if owners:
        instead = f", not {pipeline}" if pipeline else ""
        return f"{flag} is an option of --pipeline {' or '.join(owners)}{instead}"
    known = {f.removeprefix("--"): f for action in parser._actions for f in action.option_strings}
    nearest = get_close_matches(flag.removeprefix("--"), known, n=1)
    suggestion = f"did you mean {known[nearest[0]]}? " if nearest else ""
    command = f"python run.py --pipeline {pipeline} --help" if pipeline else "python run.py --help"
    return f"unknown option {flag}: {suggestion}{command} lists all options"
