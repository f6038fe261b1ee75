"""Files of models in a server's folder."""

import os
from pathlib import Path

from components.deployers.seldon_local.model_files import KEPT_MODELS, delete_old_models
from serving.settings import activate_model, copy_model


def test_the_latest_models_and_the_served_one_are_kept(tmp_path: Path) -> None:
    for version in range(KEPT_MODELS + 4):
        model = copy_model(tmp_path, str(version), b"model", f"{version:012}")
        os.utime(tmp_path / model["file"], (version, version))
        if version == 1:
            activate_model(tmp_path, model)
    delete_old_models(tmp_path)
    kept = {int(file.name.split("-")[0]) for file in tmp_path.glob("models/*.npz")}
    assert kept == {1, *range(4, KEPT_MODELS + 4)}
