"""MLServer as documented: a custom runtime, V2 protocol."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.servers import decode, load_model


class Faces(MLModel):
    """Returns class probabilities."""

    async def load(self) -> bool:
        """Load the model."""
        self.model = load_model()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Return probabilities for faces as an array or as base64."""
        tensor = payload.inputs[0]
        if tensor.datatype == "BYTES":
            faces = decode(StringCodec.decode_input(tensor)[0])
        else:
            faces = NumpyCodec.decode_input(tensor)
        output = NumpyCodec.encode_output("probabilities", self.model.predict_proba(faces))
        return InferenceResponse(model_name=self.name, outputs=[output])
