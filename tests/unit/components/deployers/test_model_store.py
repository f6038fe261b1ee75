from dataclasses import replace
from pathlib import Path

import pytest

from components.deployers.endpoint import ModelArtifact
from components.deployers.model_store import delete, locate, upload
from components.deployers.settings import ServingSettings
from faces.errors import OperationError
from faces.runtime.portable import file_hash
from serving.container import fetch_statements


def artifact(data: bytes, version: str = "7") -> ModelArtifact:
    return ModelArtifact(version, data, file_hash(data))


def test_an_uploaded_model_can_be_located(tmp_path: Path) -> None:
    stored = upload(f"{tmp_path}/models", artifact(b"model"))
    assert Path(stored.uri).read_bytes() == b"model"
    assert locate(f"{tmp_path}/models/", "7") == stored


def test_a_missing_or_damaged_model_is_not_restored(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"version 7 is not in .*: it cannot be restored"):
        locate(str(tmp_path), "7")
    stored = upload(str(tmp_path), artifact(b"model"))
    Path(stored.uri).write_bytes(b"tampered")
    with pytest.raises(OperationError, match="is damaged: version 7 cannot be restored"):
        locate(str(tmp_path), "7")


def test_a_store_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where a folder should be")
    with pytest.raises(OperationError, match="cannot be written"):
        upload(f"{tmp_path}/models", artifact(b"model"))


def test_signed_statements_are_stored_beside_the_model_and_deleted_with_it(tmp_path: Path) -> None:
    folder = f"{tmp_path}/models"
    stored = upload(folder, replace(artifact(b"model"), statements="signed"))
    assert Path(stored.uri).with_suffix(".jsonl").read_text() == "signed"
    settings = ServingSettings().for_server("faces", str(tmp_path))
    model = {"uri": stored.uri}
    assert fetch_statements(model, settings) == ""
    assert fetch_statements(model, replace(settings, public_key="key")) == "signed"
    assert delete(folder, [7]) == 1
    assert list((tmp_path / "models").iterdir()) == []
    with pytest.raises(OSError, match="does not exist"):
        fetch_statements(model, replace(settings, public_key="key"))
