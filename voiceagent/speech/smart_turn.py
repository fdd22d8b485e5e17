"""Smart Turn: how likely the caller has finished, from how they sound.

Enters: a turn's audio. Leaves: pipecat's verdict. The network is loaded once for all calls: loading
takes half a second on a busy machine, and every call in progress would hear that as a gap.
"""

from __future__ import annotations

import functools

from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn, SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3


@functools.cache
def loaded_smart_turn() -> LocalSmartTurnAnalyzerV3:
    """The network, loaded at the first call. Blocking: call it before calls are placed."""
    return LocalSmartTurnAnalyzerV3()


class SharedSmartTurn(LocalSmartTurnAnalyzerV3):
    """Smart Turn v3 on one stream: the network is everybody's, the audio kept is this stream's.

    Args:
        stop_s: silence after which a turn ends though the network thinks it goes on.
    """

    def __init__(self, stop_s: float) -> None:
        BaseSmartTurn.__init__(self, params=SmartTurnParams(stop_secs=stop_s))
        self._log_data = False
        self._session = loaded_smart_turn()._session
