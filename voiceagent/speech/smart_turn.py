"""Smart Turn: how likely the caller has finished, from how they sound.

Enters: a turn's audio. Leaves: the probability that it is over. The network is loaded once for all
calls: loading takes half a second on a busy machine, and every call in progress would hear that as
a gap. It is asked once per pause, soon after the last sound: in mid-sentence its answer climbs with
the silence that follows.
"""

from __future__ import annotations

import functools

from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

from voiceagent.speech.audio import Samples


@functools.cache
def loaded_smart_turn() -> LocalSmartTurnAnalyzerV3:
    """The network, loaded at the first call. Blocking: call it before calls are placed."""
    return LocalSmartTurnAnalyzerV3()


def end_of_turn_probability(audio: Samples) -> float:
    """How likely the turn is over, 0..1. Blocking, some 50 ms, thread-safe: for the pool.

    Args:
        audio: the turn up to now, float32 in -1..1 at 16 kHz; its last eight seconds count.
    """
    return float(loaded_smart_turn()._predict_endpoint(audio)["probability"])
