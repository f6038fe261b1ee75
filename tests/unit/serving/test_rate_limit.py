"""Each client has its own limit of requests per second, independent of the others."""

import pytest

from serving import rate_limit
from serving.rate_limit import RateLimiter


class Clock:
    """A clock that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def allowed(limiter: RateLimiter, client: str, count: int) -> int:
    return sum(limiter.take(client) == 0 for _ in range(count))


def test_a_client_may_send_the_requests_of_one_second_at_once() -> None:
    clock = Clock()
    limiter = RateLimiter(10, clock)
    assert allowed(limiter, "ada", 30) == 10
    assert limiter.take("ada") == pytest.approx(0.1)
    assert allowed(limiter, "bob", 30) == 10
    clock.now += 0.35
    assert allowed(limiter, "ada", 30) == 3
    clock.now += 3600
    assert allowed(limiter, "ada", 30) == 10


def test_refused_requests_do_not_count() -> None:
    clock = Clock()
    limiter = RateLimiter(10, clock)
    allowed(limiter, "ada", 1000)
    clock.now += 1
    assert allowed(limiter, "ada", 30) == 10


def test_the_time_to_wait_is_long_enough() -> None:
    clock = Clock()
    limiter = RateLimiter(0.2, clock)
    assert allowed(limiter, "ada", 3) == 1
    wait = limiter.take("ada")
    assert wait == pytest.approx(5)
    clock.now += wait
    assert allowed(limiter, "ada", 3) == 1


def test_over_an_hour_the_rate_is_kept() -> None:
    clock = Clock()
    limiter = RateLimiter(2, clock)
    count = 0
    for _ in range(36_000):
        clock.now += 0.1
        count += limiter.take("ada") == 0
    assert 7200 <= count <= 7202


def test_the_clients_that_are_remembered_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MAX_CLIENTS", 3)
    limiter = RateLimiter(1, Clock())
    assert [limiter.take(client) for client in "abcd"] == [0] * 4
    assert limiter.take("d") > 0
    assert limiter.take("a") == 0, "forgotten"
