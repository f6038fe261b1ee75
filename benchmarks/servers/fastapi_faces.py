"""A minimal server: FastAPI, orjson and uvicorn with its C extensions, without input checks."""

import numpy as np
import orjson
from fastapi import FastAPI, Request, Response

from benchmarks.servers import decode, load_predictor

app = FastAPI()
names, predict_proba = load_predictor()


@app.post("/predictions")
async def predict(request: Request) -> Response:
    """Return probabilities for faces as an array or as base64."""
    message = orjson.loads(await request.body())
    if "binData" in message:
        faces = decode(message["binData"])
    else:
        faces = np.array(message["data"]["ndarray"], np.float32)
    content = {"data": {"names": names, "ndarray": predict_proba(faces)}}
    return Response(
        orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json"
    )
