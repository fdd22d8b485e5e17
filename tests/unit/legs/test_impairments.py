"""The impaired line: each impairment does what it says, and nothing else."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceagent.legs.impairments import Impairments, Line, mu_law

pytestmark = pytest.mark.unit

SIZE = 160


def frames(values: np.ndarray) -> bytes:
    return values.astype(np.int16).tobytes()


QUIET = bytes(SIZE * 2)
LOUD = frames(np.sin(np.arange(SIZE) * 0.3) * 8000)


def level(pcm: bytes) -> float:
    return float(np.sqrt(np.mean(np.frombuffer(pcm, np.int16).astype(float) ** 2)))


def test_a_clean_line_changes_nothing() -> None:
    line = Line(Impairments(), SIZE)
    assert line.pass_through(LOUD, LOUD) == LOUD
    assert not line.held_back()


@given(st.floats(-1, 1))
def test_mu_law_is_within_its_step(x: float) -> None:
    coded = float(mu_law(np.array([x], np.float32))[0])
    # A mu-law step is about 4% of the magnitude, and never finer than the smallest one.
    assert abs(coded - x) <= 0.025 * abs(x) + 1e-3


def test_loss_is_bursty_and_about_as_much_as_asked_for() -> None:
    line = Line(Impairments(loss=0.1, seed=3), SIZE)
    lost = [line.pass_through(LOUD, QUIET) == QUIET for _ in range(20_000)]
    assert 0.08 < np.mean(lost) < 0.12
    after_loss = [b for a, b in itertools.pairwise(lost) if a]
    assert np.mean(after_loss) > 0.4


def test_echo_comes_back_late_and_quieter() -> None:
    line = Line(Impairments(echo_db=-20, echo_delay_ms=60), SIZE)
    heard = [LOUD, QUIET, QUIET, QUIET, QUIET]
    arrived = [level(line.pass_through(QUIET, frame)) for frame in heard]
    assert arrived.index(max(arrived)) == 3
    assert max(arrived) == pytest.approx(level(LOUD) / 10, rel=0.05)


def test_noise_has_the_level_asked_for() -> None:
    line = Line(Impairments(noise_db=-40), SIZE)
    levels = [level(line.pass_through(QUIET, QUIET)) for _ in range(200)]
    assert np.mean(levels) == pytest.approx(327.68, rel=0.1)


def test_the_same_seed_gives_the_same_line() -> None:
    spec = Impairments(loss=0.2, noise_db=-30, seed=9)
    one, two = Line(spec, SIZE), Line(spec, SIZE)
    assert [one.pass_through(LOUD, QUIET) for _ in range(50)] == [
        two.pass_through(LOUD, QUIET) for _ in range(50)
    ]


@pytest.mark.parametrize("bad", [{"loss": 1.0}, {"loss": -0.1}, {"jitter_ms": -1}])
def test_nonsense_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        Impairments(**bad)  # type: ignore[arg-type]
