from pathlib import Path

import numpy as np
import pytest
import requests

from app import commands
from app.security import MAX_REQUEST_BYTES
from benchmarks.scenes import PlacedFace, cluttered_background, paste_face
from faces.data.dataset import Faces
from faces.reports.png import grey_png
from tests.integration.app.conftest import RunningApp


def post(app: RunningApp, data: bytes, **headers: str) -> requests.Response:
    return requests.post(
        f"{app.url}/api/recognise", files={"file": data}, headers=headers, timeout=30
    )


def test_a_crop_of_a_face_is_recognised_whole_and_its_label_reaches_the_endpoint(
    app: RunningApp,
) -> None:
    sample = app.backend.images.samples
    response = post(app, grey_png(sample.images[0]))
    assert response.headers["Cache-Control"] == "no-store"
    (face,) = response.json()["faces"]
    assert (face["x"], face["y"], face["side"], face["tilt"]) == (32, 32, 64, 0)
    assert face["person"] == face["similar"][0]["person"] == str(sample.labels[0])
    assert len({similar["person"] for similar in face["similar"]}) == 3
    label = {"request": face["request"], "label": "eve"}
    sent = requests.post(f"{app.url}/api/feedback", json=label, timeout=5)
    assert sent.status_code == 204
    assert app.feedback[-1] == (face["request"], "eve")


def test_the_faces_of_a_photo_are_found(app: RunningApp, drawn: Faces) -> None:
    rng = np.random.default_rng(2)
    scene = cluttered_background(rng, (480, 800))
    for x, row in ((200, 0), (580, 40)):
        scene = paste_face(scene, drawn.images[row], PlacedFace(x, 240, 220, 5))
    reply = post(app, grey_png(scene)).json()
    assert reply["version"] == "1"
    assert sorted(round(face["x"] / 100) for face in reply["faces"]) == [2, 6]
    empty = post(app, grey_png(np.full((300, 400), 0.4))).json()
    assert empty == {"version": None, "faces": []}


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        (b"GIF89a", 422, "file: is not an image"),
        (b"", 422, "file: is empty"),
        (bytes(MAX_REQUEST_BYTES), 413, "more than 32 MB"),
    ],
)
def test_uploads_that_are_no_photos_are_refused_in_one_line(
    app: RunningApp, data: bytes, status: int, message: str
) -> None:
    response = post(app, data)
    assert response.status_code == status
    assert message in response.json()["error"]


def test_other_hosts_and_origins_are_refused(app: RunningApp) -> None:
    people = f"{app.url}/api/people"
    assert len(requests.get(people, timeout=5).json()) == 12
    for headers, status in (
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": app.url}, 200),
    ):
        assert requests.get(people, headers=headers, timeout=5).status_code == status


def test_the_page_about_the_service_lists_every_operation(app: RunningApp) -> None:
    document = requests.get(f"{app.url}/openapi.json", timeout=5).json()
    page = requests.get(f"{app.url}/docs", timeout=5).text
    assert len(document["paths"]) >= 6
    assert all(path in page for path in document["paths"])


def test_drift_checks_and_approvals_run_commands(
    app: RunningApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import json, sys\nfrom pathlib import Path\nwords = sys.argv[1:]\n"
        "if '--summary' in words:\n"
        "    summary = {'decision': 'none', 'reason': 'no drift'}\n"
        "    Path(words[words.index('--summary') + 1]).write_text(json.dumps(summary))\n"
        "elif '--approve=run-7' not in words:\n"
        "    sys.exit('error: run-8 does not wait')\n"
    )
    monkeypatch.setattr(commands, "RUN", script)
    checked = requests.post(f"{app.url}/api/drift", timeout=20).json()
    assert checked == {"decision": "none", "reason": "no drift"}
    url = f"{app.url}/api/approvals"
    assert requests.post(f"{url}/run-7", json={"approve": True}, timeout=20).status_code == 204
    refused = requests.post(f"{url}/run-8", json={"approve": True}, timeout=20)
    assert (refused.status_code, refused.json()) == (502, {"error": "run-8 does not wait"})
