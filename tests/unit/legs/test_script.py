"""Scripts and plain recordings from files, good and bad."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voiceagent.domain.errors import AudioFileError, InputError
from voiceagent.legs.far_end import Moment
from voiceagent.legs.leg import SendBack
from voiceagent.legs.recorded import Behaviour
from voiceagent.legs.script import load_script

pytestmark = pytest.mark.unit


def tone(seconds: float, rate: int) -> np.ndarray:
    return 0.2 * np.sin(np.arange(int(seconds * rate)) * 0.2)


def write(path: Path, samples: np.ndarray, rate: int) -> Path:
    soundfile.write(str(path), samples, rate)
    return path


def script(folder: Path, text: str) -> Path:
    write(folder / "hello.wav", tone(0.5, 8000), 8000)
    path = folder / "script.yaml"
    path.write_text(text, encoding="utf-8")
    return path


GOOD = """
id: tester
kind: caller
language: de
account: C-1
playbook: billing_callback
human: accepts
patience_ms: 9000
behaviour: busy
ring_ms: 100
lines:
  - {audio: hello.wav, text: Hallo, when: answered, wait_ms: 300}
  - {keys: "0", when: agent_finished, wait_ms: 500}
  - {hang_up: true}
"""


def test_a_script_is_read_whole(tmp_path: Path) -> None:
    loaded = load_script(script(tmp_path, GOOD))
    assert (loaded.id, loaded.language, loaded.account) == ("tester", "de", "C-1")
    assert (loaded.playbook, loaded.human) == ("billing_callback", "accepts")
    assert loaded.behaviour is Behaviour.BUSY
    assert [line.when for line in loaded.lines] == [
        Moment.ANSWERED,
        Moment.AGENT_FINISHED,
        Moment.AGENT_FINISHED,
    ]
    assert len(loaded.lines[0].pcm) == 8000
    assert loaded.lines[1].keys == "0"
    assert loaded.lines[2].hang_up


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("kind: caller", "kind: alien"), "kind"),
        (("wait_ms: 300", "wait_ms: -1"), "wait_ms"),
        (("text: Hallo", "tekst: Hallo"), "tekst"),
        (('keys: "0"', 'keys: "x"'), "keys"),
        (("{hang_up: true}", "{}"), "exactly one"),
        (("{hang_up: true}", "{hang_up: true, send_back: on}"), "send_back"),
        (("{hang_up: true}", '{hang_up: true, send_back: "Book a visit."}'), "exactly one"),
        (("{hang_up: true}", '{send_back: "Book a visit."}'), "only a human"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    with pytest.raises(InputError, match=named):
        load_script(script(tmp_path, GOOD.replace(*change)))


@pytest.mark.parametrize("instruction", ["Book a visit.", ""])
async def test_a_humans_script_can_send_the_caller_back(tmp_path: Path, instruction: str) -> None:
    text = f"""
id: sends-back
kind: human
ring_ms: 0
lines:
  - {{send_back: "{instruction}", when: bridged, wait_ms: 0}}
"""
    leg = load_script(script(tmp_path, text)).leg()
    await leg.connect(5)
    leg.cue("bridged")
    async with asyncio.timeout(20):
        heard = [await leg.receive()]
        while not isinstance(heard[-1], SendBack):
            heard.append(await leg.receive())
    assert heard[-1] == SendBack(instruction, heard[-1].at_ms)
    assert leg.is_up, "whoever sends a caller back is hung up on by the handoff"
    await leg.hang_up()


def test_a_missing_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"gone\.wav"):
        load_script(script(tmp_path, GOOD.replace("hello.wav", "gone.wav")))


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_recording_is_cut_at_long_pauses_and_resampled(tmp_path: Path, suffix: str) -> None:
    rate = 16_000
    gap_short, gap_long = np.zeros(int(0.6 * rate)), np.zeros(int(1.6 * rate))
    samples = np.concatenate(
        [tone(0.8, rate), gap_short, tone(0.8, rate), gap_long, tone(1.0, rate)]
    )
    loaded = load_script(write(tmp_path / f"call.{suffix}", samples, rate))
    assert [line.hang_up for line in loaded.lines] == [False, False, True]
    seconds = [len(line.pcm) / 16_000 for line in loaded.lines[:2]]
    assert seconds == pytest.approx([2.2 + 0.1, 1.0 + 0.1], abs=0.15)


@pytest.mark.parametrize("content", [b"", b"this is no audio", b"RIFF\x00\x00"])
def test_what_is_no_audio_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    with pytest.raises(AudioFileError, match=r"x\.wav"):
        load_script(path)


def test_silence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="Nothing can be heard"):
        load_script(write(tmp_path / "silence.wav", np.zeros(8000), 8000))


def test_a_missing_file_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="Name a WAV or FLAC"):
        load_script(tmp_path / "nothing.wav")


def test_a_humans_recording_begins_once_they_are_connected(tmp_path: Path) -> None:
    samples = np.concatenate([tone(0.5, 8000), np.zeros(12_000), tone(0.5, 8000)])
    path = write(tmp_path / "human.wav", samples, 8000)
    moments = [line.when for line in load_script(path, kind="human").lines]
    assert moments == [Moment.BRIDGED, Moment.AGENT_FINISHED, Moment.AGENT_FINISHED]
