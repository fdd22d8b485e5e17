"""voiceagent: an AI phone callback agent that hands over live to a human.

The path of a call's audio: ``legs`` bring 20 ms frames, ``speech`` turns them into words,
``dialogue`` decides what to answer, ``speech`` says it, ``legs`` carry it back. Beside that path
``supervisor`` watches events and ``handoff`` brings a human in. ``calls`` puts one call together,
``store`` keeps what happened, ``domain`` says what all of it means.
"""

__version__ = "0.1.0"
