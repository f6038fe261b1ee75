from benchmarks.capacity import Load, Measured, Prices, serving, training


def figures(load: Load) -> dict[str, str]:
    rows = [*training(load, Measured(), Prices()), *serving(load, Measured(), Prices())]
    return dict(rows)


def number(text: str) -> float:
    return float(text.replace(",", ""))


def test_machines_follow_from_rate_and_people_and_memory_from_people_alone() -> None:
    base, busy = figures(Load()), figures(Load(rate=20_000))
    smaller = figures(Load(people=10_000_000))
    for name in ("exact: processors", "index: processors"):
        assert abs(number(busy[name]) / number(base[name]) - 2) < 0.01
        assert abs(number(base[name]) / number(smaller[name]) - 10) < 0.1
    assert busy["file of the model, GB"] == base["file of the model, GB"] == "86"


def test_machines_have_enough_memory_for_a_load_without_requests() -> None:
    idle = figures(Load(rate=0))
    assert idle["index: machines"] == "7"  # 100 million people of 1,050 bytes, 16 GB each
