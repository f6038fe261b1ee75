"""MLServer's documented way: a runtime of one's own, V2 protocol."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.servers import decode, load_model


class Faces(MLModel):
    """Answers with probabilities."""

    async def load(self) -> bool:
        """Load the model."""
        self.model = load_model()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Probabilities for an array of faces, or for their bytes as base64."""
        given = payload.inputs[0]
        if given.datatype == "BYTES":
            faces = decode(StringCodec.decode_input(given)[0])
        else:
            faces = NumpyCodec.decode_input(given)
        output = NumpyCodec.encode_output("probabilities", self.model.predict_proba(faces))
        return InferenceResponse(model_name=self.name, outputs=[output])
