"""Pictures from visitors: chosen files, and the camera."""

import base64
from collections.abc import Awaitable, Callable

from nicegui import events, ui

from app.pages.layout import show_error, trusted_html
from app.security import MAX_REQUEST_BYTES

VIDEO = "camera-video"
OnPicture = Callable[[bytes], Awaitable[None]]


def add_picture_buttons(label: str, on_picture: OnPicture, multiple: bool = False) -> None:
    """Add a button that chooses files, and one that opens the camera.

    Args:
        label: Text of the first button.
        on_picture: Called with each picture.
        multiple: Whether several files can be chosen.
    """

    async def uploaded(event: events.UploadEventArguments) -> None:
        await on_picture(await event.file.read())

    async def camera() -> None:
        if picture := await take_picture():
            await on_picture(picture)

    upload = ui.upload(
        auto_upload=True,
        multiple=multiple,
        max_file_size=MAX_REQUEST_BYTES,
        on_upload=uploaded,
        on_rejected=lambda: show_error("the file is no picture, or larger than 32 MB"),
    )
    upload.props('accept="image/*" aria-hidden=true tabindex=-1').classes("uploader")
    choose = ui.button(label).props("unelevated no-caps")
    choose.on("click", js_handler=f"() => getElement({upload.id}).pickFiles()")
    ui.button("Use the camera", on_click=camera).props("outline no-caps")


async def take_picture() -> bytes:
    """Show what the camera sees until the visitor takes a picture.

    Returns:
        A JPEG file; b"" if the visitor cancels, or the camera cannot be used, which is shown.
    """
    with ui.dialog() as dialog, ui.element("div").classes("card"):
        trusted_html(f'<video id="{VIDEO}" playsinline muted aria-label="Camera"></video>')
        with ui.element("div").classes("row"):
            ui.button("Take a picture", on_click=lambda: dialog.submit(True)).props(
                "unelevated no-caps autofocus"
            )
            ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat no-caps")
    dialog.open()
    problem = await ui.run_javascript(f'return await camera.start("{VIDEO}")', timeout=60)
    if problem:
        dialog.close()
        show_error(f"the camera cannot be used: {problem}")
        return b""
    picture = ""
    if await dialog:
        picture = await ui.run_javascript(f'return camera.take("{VIDEO}")', timeout=10)
    ui.run_javascript("camera.stop()")
    dialog.delete()
    return base64.b64decode(picture.partition(",")[2])
