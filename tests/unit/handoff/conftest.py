"""Nothing of a failed test is left running."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.handoff.scene import OPEN


@pytest.fixture(autouse=True)
def _no_scene_left() -> Iterator[None]:
    yield
    for scene in tuple(OPEN):
        scene.close()
