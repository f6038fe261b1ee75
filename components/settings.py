"""The base of all settings: strict, frozen, described, and readable from the command line."""

from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class CommandLine:
    """Mark a setting that can be set on the command line: `seed: Annotated[int, CommandLine()]`.

    Attributes:
        flag: The option's name without dashes; by default the setting's own name.
        metavar: What the option's value is called in `--help`.
    """

    flag: str = ""
    metavar: str = ""


class Settings(BaseModel):
    """Settings that reject unknown keys and values of another type, and never change.

    Each field's `description` says what it means; `--settings` prints them all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @classmethod
    def key_names(cls) -> list[str]:
        """Return the keys of all settings, with dots for those of a section: "data.source"."""
        names: list[str] = []
        for name, field in cls.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, Settings):
                names += [f"{name}.{inner}" for inner in kind.key_names()]
            else:
                names.append(name)
        return names

    def complete(self, config: str) -> Self:
        """Check what a schema cannot, and fill in what depends on other settings.

        Args:
            config: The file that the settings were read from, for error messages.

        Returns:
            The completed settings.

        Raises:
            UserError: If a setting is wrong.
        """
        return self

    def check_data_reachable(self, artifact_store: str) -> None:
        """Check that steps on other machines can read the data that the settings name.

        Args:
            artifact_store: The root of the stack's artifact store, such as "gs://bucket/zenml".

        Raises:
            UserError: If they cannot.
        """
