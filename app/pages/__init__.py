"""The pages of the app, one module for each."""

from fastapi import FastAPI

from app.backend import Backend


def add_pages(backend: Backend, service: FastAPI) -> None:
    """Register the pages with the library that serves them.

    Args:
        backend: What they show.
        service: The service, which one of them describes.
    """
    from app.pages import docs, layout, monitor, people, recognise, review, versions

    layout.add_assets()
    recognise.add_page(backend)
    review.add_page(backend)
    versions.add_page(backend)
    monitor.add_page(backend)
    people.add_page(backend)
    docs.add_page(service)
