"""Send the endpoint requests with random parts, most of them malformed.

Faces and names are such that each trace of them in the log is found: as numbers, as bytes and as
base64.
"""

import json
import random
import socket
from base64 import b64encode
from collections import Counter
from pathlib import Path

from rich.progress import track

from components.deployers.seldon_local import process
from serving.settings import ServerSettings, log_file

TIMEOUT_SECONDS = 10.0
MARK = "Ada-Lovelace-0815"
"""A name in every fuzzed request: it must not be in the log."""

PIXEL = "0.4815162342"
RAW = MARK.encode() * 240 + bytes(16)
BINARY_HEAD = json.dumps({"inputs": [{
    "name": "pixels", "shape": [1, 4096], "datatype": "UINT8",
    "parameters": {"binary_data_size": len(RAW)},
}]}).encode()  # fmt: skip
FACE = json.dumps({"data": {"ndarray": [[float(PIXEL)] * 4096]}}).encode()
BASE64 = json.dumps({"binData": b64encode(RAW).decode()}).encode()
BINARY = BINARY_HEAD + RAW
TRACES = (MARK, PIXEL, b64encode(MARK.encode() * 3).decode())
"""What a name or a face of a request would look like in the log."""

PATHS = (
    "/api/v1.0/predictions", "/api/v0.1/predictions", "/predict", "/api/v1.0/feedback",
    "/send-feedback", "/v2/models/faces/infer", "/v2", "/metadata", "/docs", "/prometheus",
    "/health/status", "/seldon/a/b/metadata", f"/{MARK}",
)  # fmt: skip
HEADERS = (
    "Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded",
    "Content-Length: 10", "Content-Length: -1", "Content-Length: 99999999999",
    "Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Expect: 100-continue",
    "Connection: close", "Content-Encoding: gzip", "Host: localhost", f"Host: {MARK}",
    f"Origin: http://{MARK}", f"{MARK}: {MARK}", "Inference-Header-Content-Length: 7",
    f"Inference-Header-Content-Length: {len(BINARY_HEAD)}",
    f"Authorization: Bearer {MARK}", "X: \x00", "X:" + "a" * 9000, " folded: 1",
)  # fmt: skip
METHODS = ("GET", "POST", "POST", "POST", "HEAD", "PUT", "OPTIONS", "get", "P\x00ST")


def fuzz(settings: ServerSettings, times: int) -> str:
    """Send requests with random parts, some of them malformed, on plain sockets.

    Args:
        settings: The settings of a running server, which is stopped at the end.
        times: The number of requests.

    Returns:
        A line with the counts of answers and of what the log contains of the requests.
    """
    rng, outcomes = random.Random(7), Counter[str]()
    for _ in track(range(times), "sending malformed requests"):
        outcomes[exchange(settings, random_request(rng))] += 1
    log = log_file(Path(settings.folder)).read_text()
    process.stop(Path(settings.folder))
    leaks = sum(log.count(trace) for trace in TRACES)
    return (
        f"{times} fuzzed requests: {sum(n for c, n in outcomes.items() if c[0] == '5')} answered "
        f"with a 5xx, {outcomes['hang']} not within {TIMEOUT_SECONDS:.0f} s, {leaks} parts in the "
        f"log ({len(log)} bytes); answers: {dict(sorted(outcomes.items()))}"
    )


def random_request(rng: random.Random) -> bytes:
    """Return a request of random parts."""
    bodies = (
        FACE, BASE64, BINARY, b"", b"{", b"[" * rng.randrange(2000),
        json.dumps({"truth": [MARK]}).encode(),
        json.dumps({"response": {"meta": {"puid": MARK}}, "truth": {"strData": MARK}}).encode(),
        b"json=" + FACE, b"5\r\nabcde\r\n0\r\n\r\n", rng.randbytes(rng.randrange(200)),
        FACE[: rng.randrange(len(FACE))],
        FACE.replace(PIXEL.encode(), rng.choice([b'"a"', b"1e999", b"-1"])),
    )  # fmt: skip
    body = rng.choice(bodies)
    head = [f"{rng.choice(METHODS)} {rng.choice(PATHS)} HTTP/1.{rng.choice('0111')}"]
    head += rng.sample(HEADERS, rng.randrange(4))
    if rng.random() < 0.7:
        head += ["Host: localhost", f"Content-Length: {len(body)}"]
        head += ["Content-Type: application/json"] if rng.random() < 0.8 else []
    data = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body
    if rng.random() < 0.1:
        at = rng.randrange(len(data))
        data = data[:at] + rng.randbytes(1) + data[at + 1 :]
    return data


def exchange(settings: ServerSettings, data: bytes) -> str:
    """Send bytes; return the status of the first answer, "closed" without one, or "hang"."""
    with socket.create_connection((settings.host, settings.port), TIMEOUT_SECONDS) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            received = client.recv(65_536)
        except TimeoutError:
            return "hang"
        except OSError:
            return "closed"
    return received[9:12].decode("latin-1") or "closed"
