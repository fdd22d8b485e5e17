"""One process at a time in a weights folder.

In: the folder, and how long to wait for another process. Out: a lock held for a ``with`` block.
Two fetches into one folder would tear each other's half-finished files.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from voiceagent.domain.errors import WeightsError

LOCK_FILE = ".lock"
LOCK_POLL_S = 0.2


@contextlib.contextmanager
def folder_lock(weights_dir: Path, wait_s: float) -> Iterator[None]:
    """Hold the weights folder's lock; the kernel drops it if this process dies.

    Raises:
        WeightsError: another process has held it for all of ``wait_s``.
    """
    give_up_at = time.monotonic() + wait_s
    with (weights_dir / LOCK_FILE).open("a") as opened:
        while True:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= give_up_at:
                    raise WeightsError(
                        f"Another process has been fetching weights into {weights_dir} for more"
                        f" than {wait_s:.0f} s.",
                        "Wait for it or end it, then run the same command again.",
                    ) from None
                time.sleep(LOCK_POLL_S)
            else:
                break
        yield
