"""Random choices that come again: with the same seed a failure does, too."""

from __future__ import annotations

import random


class Seeded(random.Random):
    """Choices by a seed, for texts that tests make up. None of them is a secret of anybody's."""
