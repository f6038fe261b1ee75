"""What the configurations of deployers to a cloud share."""

from pydantic import Field
from zenml.model_deployers.base_model_deployer import BaseModelDeployerConfig
from zenml.utils.secret_utils import (
    SecretField,
    is_secret_reference,
    parse_secret_reference,
)


class RemoteDeployerConfig(BaseModelDeployerConfig):
    """Container image, models, captured requests and access of an endpoint in a cloud."""

    image: str = Field(
        default="",
        description="container image built from serving/Dockerfile; '': in the stack's registry",
    )
    models: str = Field(description="URI of the folder from which containers fetch models")
    captured: str = Field(description="URI of the folder for captured requests")
    token: str = SecretField(
        default="",
        description="bearer token that clients must send: '{{endpoint.token}}'; the same secret's "
        "keys feedback_SENDER are tokens for feedback",
    )
    upload_seconds: float = Field(
        default=60, gt=0, description="seconds after which captured requests are uploaded"
    )
    rollout_timeout_seconds: float = Field(
        default=300, gt=0, description="seconds after which an unfinished rollout is rolled back"
    )

    @property
    def token_secret(self) -> str:
        """Name of the secret that `token` refers to; "" if it is not a reference."""
        value = self.__dict__["token"]
        return parse_secret_reference(value).name if is_secret_reference(value) else ""
