"""The machine that the lab's tests share: what boots is kept until another one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab.guest import Guest, boot, build_image


class Lab:
    """Boots one guest at a time; scenarios come in the order of their kernels."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._image = build_image()
        self._stack = ExitStack()
        self._guest: Guest | None = None
        self._machine = ("", 0)

    def guest(self, version: str, node_mib: int) -> Guest:
        if self._guest is None or self._machine != (version, node_mib):
            self.close()
            directory = self._directory / f"{version}-{node_mib}"
            self._guest = self._stack.enter_context(
                boot(self._image, version, directory, node_mib=node_mib)
            )
            self._machine = (version, node_mib)
        else:
            self._guest.reset()
        return self._guest

    def close(self) -> None:
        self._stack.close()
        self._guest = None


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()
