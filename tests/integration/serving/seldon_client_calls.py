"""Calls of Seldon's own Python client, run in the server's environment: host:port → JSON lines."""

import json
import sys

import numpy as np
from seldon_core.seldon_client import SeldonClient

client = SeldonClient(
    microservice_endpoint=sys.argv[1],
    gateway_endpoint=sys.argv[1],
    deployment_name="faces",
    namespace="models",
    client_return_type="proto",
)
face = np.full((1, 4096), 0.5)


def report(call: str, result: object) -> None:
    print(json.dumps([call, result.success, result.msg]))  # type: ignore[attr-defined]


for payload in ("tensor", "ndarray"):
    report(
        f"microservice {payload}",
        client.microservice(data=face, payload_type=payload, method="predict"),
    )
report("microservice binary", client.microservice(bin_data=bytes(4096), method="predict"))
for gateway in ("ambassador", "istio", "seldon"):
    answer = client.predict(data=face, gateway=gateway)
    report(f"predict {gateway}", answer)
    feedback = {"prediction_request": answer.request, "prediction_response": answer.response}
    if gateway != "seldon":  # its path has no prefix, and its client sends no feedback
        report(f"feedback {gateway}", client.feedback(**feedback, reward=1.0, gateway=gateway))
report("microservice feedback", client.microservice_feedback(**feedback, reward=0.5))
