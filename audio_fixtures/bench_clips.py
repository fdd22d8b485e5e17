"""Makes the recordings of ``real/bench`` again from their sources, as the manifest lists them.

In: the source archive of pocketsphinx, and the folder with the G.722 prompts of Asterisk. Out: FLAC
files at 16 kHz, silence at both ends cut, all equally loud::

    pip download --no-deps --no-binary pocketsphinx pocketsphinx==5.1.1
    apt-get download asterisk-core-sounds-en-g722 && dpkg -x asterisk-core-sounds-en-g722_*.deb deb
    python -m audio_fixtures.bench_clips --sdist pocketsphinx-5.1.1.tar.gz \\
        --prompts deb/usr/share/asterisk/sounds/en_US_f_Allison
"""

from __future__ import annotations

import argparse
import io
import tarfile
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile
import yaml

_REAL = Path(__file__).parent / "real"
_RATE_HZ = 16_000
_STEP = _RATE_HZ // 100
_MARGIN = 15 * _STEP
_LEVEL = 0.08


def prompt(path: Path) -> npt.NDArray[np.float32]:
    """A G.722 file, -1..1."""
    with av.open(str(path), format="g722") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.float32) / np.float32(32768)


def from_sdist(sdist: tarfile.TarFile, name: str) -> npt.NDArray[np.float32]:
    """A WAV or raw file of the archive's test data, -1..1."""
    root = sdist.getnames()[0].split("/")[0]
    file = sdist.extractfile(f"{root}/test/data/{name}")
    assert file is not None, name
    data = file.read()
    if name.endswith(".raw"):
        return np.frombuffer(data, np.int16).astype(np.float32) / np.float32(32768)
    samples: npt.NDArray[np.float32] = soundfile.read(io.BytesIO(data), dtype="float32")[0]
    return samples


def trimmed(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The speech with 150 ms at both ends, at the common level."""
    steps = sound[: sound.size // _STEP * _STEP].reshape(-1, _STEP)
    rms = np.sqrt((steps**2).mean(axis=1))
    loud = np.flatnonzero(rms > max(0.004, 0.04 * float(rms.max())))
    begin = max(0, int(loud[0]) * _STEP - _MARGIN)
    cut = sound[begin : (int(loud[-1]) + 1) * _STEP + _MARGIN]
    level = float(np.sqrt((cut**2).mean()))
    return np.clip(cut * (_LEVEL / level), -0.98, 0.98).astype(np.float32)


def main() -> None:
    """Make every clip of the manifest's ``bench``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sdist", type=Path, required=True, help="source archive of pocketsphinx")
    parser.add_argument("--prompts", type=Path, required=True, help="folder with .g722 files")
    options = parser.parse_args()
    listed = yaml.safe_load((_REAL / "manifest.yaml").read_text("utf-8"))["bench"]
    with tarfile.open(options.sdist) as sdist:
        for entry in listed:
            if entry["source"] == "asterisk":
                sound = prompt(options.prompts / entry["source_file"])
            else:
                sound = from_sdist(sdist, entry["source_file"])
            pcm = (trimmed(sound) * 32767).astype(np.int16)
            soundfile.write(str(_REAL / entry["audio"]), pcm, _RATE_HZ, subtype="PCM_16")
            print(entry["audio"])


if __name__ == "__main__":
    main()
