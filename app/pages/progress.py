"""Run a command in view: its steps appear while it runs, and it can be cancelled."""

from collections.abc import Sequence

from nicegui import ui

from app.commands import Command
from app.pages.layout import show_error
from faces.errors import OperationError

LINES = 12
"""Last lines of the output that are shown."""


async def run_in_view(title: str, words: Sequence[str]) -> bool:
    """Run a command of run.py in a dialog.

    Args:
        title: What it does.
        words: The command line without the program's name.

    Returns:
        Whether it succeeded; otherwise, the reason is shown.
    """
    command = Command(words)
    with ui.dialog().props("persistent") as dialog, ui.element("div").classes("card"):
        ui.label(title).classes("text-weight-medium")
        output = ui.label("starting …").classes("soft").style("white-space: pre-wrap")
        output.props("role=status")
        ui.button("Cancel", on_click=command.cancel).props("outline no-caps")
    dialog.open()
    lines: list[str] = []
    try:
        async for line in command.lines():
            lines.append(line)
            output.set_text("\n".join(lines[-LINES:]))
        return True
    except OperationError as error:
        show_error(str(error))
        return False
    finally:
        dialog.close()
