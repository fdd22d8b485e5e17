"""Weights from a model hub, through ``huggingface_hub`` (the optional extra ``hub``).

In: a catalogue entry. Out: the file in a folder of ours. The client runs in a child process (this
module is also what that child runs), so that a stalled download has a deadline and can be stopped;
its own configuration (endpoint, token, proxy) stays the user's.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from voiceagent.domain.errors import WeightsError
from voiceagent.weights import processes
from voiceagent.weights.catalogue import HubFile

HUB_DEADLINE_S = 4 * 3600.0


class HubDownloader(Protocol):
    """Brings one hub file into a folder; the process edge that tests replace."""

    def __call__(self, file: HubFile, folder: Path, on_bytes: Callable[[int], None]) -> Path:
        """Put ``file`` somewhere below ``folder``, reporting bytes so far; returns where it lies.

        Raises:
            WeightsError: it cannot be had.
        """
        ...


class HubClient:
    """``HubDownloader`` by ``huggingface_hub`` in a child process; resumes what is half there."""

    def __init__(
        self,
        command: Sequence[str] = (sys.executable, "-m", "voiceagent.weights.hub"),
        *,
        deadline_s: float = HUB_DEADLINE_S,
    ) -> None:
        self._command = tuple(command)
        self._deadline_s = deadline_s

    def __call__(self, file: HubFile, folder: Path, on_bytes: Callable[[int], None]) -> Path:
        """See ``HubDownloader``."""
        what = f"{file.path} of {file.repository}"
        if importlib.util.find_spec("huggingface_hub") is None:
            raise WeightsError(
                f"{what} comes from the model hub, and its client is not installed.",
                "Run: pip install huggingface-hub",
            )
        finished = processes.run(
            (*self._command, file.repository, file.path, file.revision, str(folder)),
            deadline_s=self._deadline_s,
            on_tick=lambda: on_bytes(processes.largest_file_bytes(folder)),
        )
        again = "What is already here is kept: run the same command again."
        if finished.timed_out:
            raise WeightsError(f"{what} did not arrive within {self._deadline_s:.0f} s.", again)
        if finished.status != 0:
            lines = [line for line in finished.output.splitlines() if line.strip()]
            last = lines[-1].strip() if lines else f"exit status {finished.status}"
            raise WeightsError(
                f"{what} could not be fetched from the model hub: {last}",
                f"Check the network and the hub client's own settings. {again}",
            )
        return folder / file.path


def _main(arguments: Sequence[str]) -> int:
    """The child process: fetch one file, say in one line what went wrong."""
    from huggingface_hub import hf_hub_download

    repository, path, revision, folder = arguments
    try:
        hf_hub_download(repository, path, revision=revision, local_dir=folder)
    except Exception as error:
        first = (str(error).splitlines() or [""])[0]
        sys.stderr.write(f"{type(error).__name__}: {first}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
