"""Who runs a command: the user of this machine and of ZenML."""

import getpass
from contextlib import suppress

from zenml.client import Client


def user_name() -> str:
    """Return the user of this machine, if it is known, and of ZenML."""
    name = Client().active_user.name
    with suppress(OSError, KeyError):
        return f"{getpass.getuser()} ({name} in ZenML)"
    return name
