"""A clock that only sleeping moves."""


class Clock:
    """In place of the module `time`.

    Attributes:
        slept: The seconds that were slept.
    """

    def __init__(self) -> None:
        self.slept = 0.0

    def monotonic(self) -> float:
        return 1000.0 + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
