"""What the subcommands of run.py have in common."""

import argparse


def make_parser(
    command: str, description: str | None, examples: str = ""
) -> argparse.ArgumentParser:
    """Make the parser of a subcommand; its texts keep their lines.

    Args:
        command: The subcommand's name.
        description: What it does: the docstring of its module.
        examples: Text at the end of its help.

    Returns:
        The parser, without arguments yet.
    """
    return argparse.ArgumentParser(
        prog=f"run.py {command}",
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
