from store.deployments import previous_version


def play(*acts: str) -> int | None:
    """'d2' deploys version 2, 'r1' rolls back to version 1."""
    kinds = {"d": "deployment", "r": "rollback"}
    return previous_version({"kind": kinds[act[0]], "version": act[1:]} for act in acts)


def test_the_version_before() -> None:
    assert play() is None
    assert play("d1") is None
    assert play("d1", "d2") == 1
    assert play("d1", "d2", "d2") == 1, "deploying again changes nothing"
    assert play("d1", "d3", "d7") == 3


def test_two_rollbacks_go_back_two_versions() -> None:
    assert play("d1", "d2", "d3", "r2") == 1
    assert play("d1", "d2", "d3", "r2", "r1") is None


def test_after_a_rollback_the_next_deployment_goes_on_top() -> None:
    assert play("d1", "d2", "r1", "d3") == 1
    assert play("d1", "d2", "r1", "d3", "r1", "d4") == 1
    assert play("d1", "d2", "d1") == 2, "deployed by hand, not rolled back"


def test_what_is_live_counts_before_it_was_written_down() -> None:
    assert play("d1", "r2") == 1, "version 2 went live, and the run was killed"
    assert play("d1", "d2", "d3", "r2", "r2") == 1, "written down already"
