"""MLflow as documented: a Python model from code, served by `mlflow models serve`."""

import mlflow
import numpy as np

from benchmarks.servers import decode, load_model


class Faces(mlflow.pyfunc.PythonModel):
    """Returns class probabilities."""

    def load_context(self, context):
        """Load the model."""
        self.model = load_model()

    def predict(self, context, model_input, params=None):
        """Return probabilities for faces as an array or as base64."""
        values = np.asarray(model_input)
        if values.dtype.kind in "OUS":
            return self.model.predict_proba(decode(values.ravel()[0]))
        return self.model.predict_proba(values)


mlflow.models.set_model(Faces())
