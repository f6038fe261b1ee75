"""Seldon Core's REST wrapper as a process on this machine."""

from components.deployers.backend import Backend

BACKEND = Backend(flavor=f"{__name__}.flavor.SeldonLocalFlavor")
