"""How fast calls are, ours beside a stock pipecat pipeline, seen from outside on the wire.

``material`` makes the caller's turns of recordings, ``caller`` speaks them in real time and notes
when the agent is heard, ``ours`` and ``stock`` are the two systems, each in a process of its own
(``child``), ``run`` and ``calls`` are the two measurements. ``figures``, ``words`` and ``report``
make figures of what was noted; they do no I/O.
"""
