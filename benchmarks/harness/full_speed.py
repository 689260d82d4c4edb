"""A reader without a pace, for measurements and tests of everything else."""

from dnc.bulk.shared_pace import ReadPace


class FullSpeed(ReadPace):
    """Waits for nothing."""

    def __init__(self) -> None:
        """Bind to nothing."""

    def wait(self, units: float = 0.0) -> None:
        """Return at once."""

    def used(self, units: float) -> None:
        """Return at once."""
