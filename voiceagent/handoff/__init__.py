"""From the agent to a human, live: who is rung, what they are told, how the two are joined.

``roster`` knows the humans, ``packet_builder`` what they are told (from ``call_reading``,
``caller_statements``, ``record_facts`` and ``agent_actions``, worded by ``packet_wording``),
``hold`` what the caller hears meanwhile, ``bridge`` joins the legs, and ``coordinator`` runs the
handoff's state machine over them so that every handoff ends in exactly one typed outcome.
"""
