"""Base class of all settings: unknown keys and values of another type are errors."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Strict, frozen settings. Each field's `description` explains it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
