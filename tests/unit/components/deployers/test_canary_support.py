from pathlib import Path
from typing import Any, cast

import pytest

from components.deployers.seldon_kubernetes.deployer import SeldonKubernetesDeployer
from components.deployers.seldon_local.status import check_canary_support
from faces.errors import UserError
from serving.settings import activate_model, write_settings
from tests.integration.serving.conftest import server_settings


def test_a_cluster_refuses_canary_releases() -> None:
    with pytest.raises(UserError, match="use --rollout direct, which replaces pods one by one"):
        SeldonKubernetesDeployer.require_canary_support(cast(Any, None))


def test_a_canary_needs_a_live_version_and_captured_answers(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no live version to compare with"):
        check_canary_support(tmp_path)
    activate_model(tmp_path, {"version": "1", "file": "", "hash": ""})
    write_settings(server_settings(tmp_path, capture=False))
    with pytest.raises(UserError, match="capture is off"):
        check_canary_support(tmp_path)
    write_settings(server_settings(tmp_path, capture=True))
    check_canary_support(tmp_path)
