"""Calls of Triton's client, run in an environment that has it: host:port and model."""

import sys

import numpy as np
import pytest
import tritonclient.http as triton

address, model = sys.argv[1:]
client = triton.InferenceServerClient(address)
assert client.is_server_live()
assert client.is_server_ready()
assert client.is_model_ready(model)
assert client.is_model_ready(model, "1")
assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
names = [output["name"] for output in client.get_model_metadata(model)["outputs"]]
faces = np.random.default_rng(0).random((2, 4096), np.float32)
answers = []
for binary_input in (True, False):
    pixels = triton.InferInput("pixels", [2, 4096], "FP32")
    pixels.set_data_from_numpy(faces, binary_data=binary_input)
    for binary_output in (True, False):
        outputs = [triton.InferRequestedOutput(name, binary_data=binary_output) for name in names]
        result = client.infer(model, [pixels], outputs=outputs, request_id="two")
        assert result.get_response()["id"] == "two"
        answers.append([result.as_numpy(name).tolist() for name in names])
assert len(answers) == 4
assert all(np.allclose(answer[0], answers[0][0], atol=1e-6) for answer in answers)
assert len(answers[0][1]) == 2
assert client.infer(model, [pixels], model_version="1").as_numpy("score").shape == (2,)
with pytest.raises(triton.InferenceServerException, match="this version is not served"):
    client.infer(model, [pixels], model_version="9")
