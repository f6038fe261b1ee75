"""The server of another checkout of this repository, to compare with."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks import payloads
from benchmarks.servers_under_test import ServerUnderTest

PREPARE = """
import json, sys
from pathlib import Path
from benchmarks.servers_under_test import servers_under_test
print(json.dumps(servers_under_test()[0].command(int(sys.argv[1]), Path(sys.argv[2]))))
"""
"""Run in the other checkout: installs the model for its server, and prints the server's command."""


def server_of(checkout: Path) -> ServerUnderTest:
    """Return the server of another checkout, which is named after its folder.

    Args:
        checkout: Its folder. Its packages have to be those of this checkout.
    """
    checkout = checkout.resolve()
    environment = ["env", "-C", str(checkout), f"PYTHONPATH={checkout}"]

    def command(port: int, folder: Path) -> list[str]:
        prepare = [*environment, sys.executable, "-c", PREPARE, str(port), str(folder)]
        printed = subprocess.run(prepare, check=True, stdout=subprocess.PIPE, text=True).stdout
        return [*environment, *json.loads(printed)]

    return ServerUnderTest(checkout.name, command, payloads.seldon_json, payloads.seldon_base64)
