"""Run the tutorial's commands, and write their output into docs/tutorial.md.

    python -m scripts.documentation.tutorial          # a minute; in an isolated configuration

Each ```bash block is run; the ```text block after it gets the output.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.documentation.graph import ROOT

PAGE = ROOT / "docs" / "tutorial.md"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PAIR = re.compile(r"```bash\n(?P<commands>.*?)```\n\n```text\n.*?```", re.DOTALL)


def main() -> None:
    """Run all blocks in order; a command that fails ends it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "ZENML_CONFIG_PATH": f"{folder}/zenml",
            "COLUMNS": "110",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        run_commands("python run.py endpoint --stop || true", environment)

        def rerun(match: re.Match[str]) -> str:
            output = run_commands(match["commands"], environment)
            shown = tidy(output, folder)
            return f"```bash\n{match['commands']}```\n\n```text\n{shown}\n```"

        PAGE.write_text(PAIR.sub(rerun, PAGE.read_text()))


def run_commands(commands: str, environment: dict[str, str]) -> str:
    """Run the lines of a block.

    Args:
        commands: Shell commands.
        environment: Environment variables.

    Returns:
        What they printed.
    """
    done = subprocess.run(
        ["bash", "-euc", commands],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{commands}\n{done.stdout}")
    return done.stdout


def tidy(output: str, folder: str) -> str:
    """Replace what belongs to this machine.

    Args:
        output: Output of commands.
        folder: The temporary folder.

    Returns:
        The output with short paths.
    """
    text = output.replace(f"{folder}/zenml", "~/.config/zenml").replace(f"{ROOT}/", "")
    text = UUID.sub("…", text)
    return text.strip("\n")


if __name__ == "__main__":
    main()
