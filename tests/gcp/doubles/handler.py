"""HTTP responses of the fakes."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any


class JsonHandler(BaseHTTPRequestHandler):
    wbufsize = -1
    disable_nagle_algorithm = True  # else each response waits 40 ms for an acknowledgement

    def respond(
        self, item: dict[str, Any] | bytes, code: int = 200, kind: str = "application/json"
    ) -> None:
        body = item if isinstance(item, bytes) else json.dumps(item).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
