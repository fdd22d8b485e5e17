"""Watches a call and never speaks: events in, a verdict after every turn of the caller.

``policy`` (numbers in ``policy_sections``), ``phrases`` and ``words`` hold what a prompt engineer
decides. ``watcher`` puts the ``grounds`` of every reading together:

* ``explicit`` is what a caller says outright, ``offers`` the answer to a person offered.
* ``soft_readings`` is what adds up in ``scores``: ``misunderstanding`` (with ``rephrasing``),
  ``progress``, ``tool_watch``, ``voice`` and ``opinions`` of models; ``mood`` is one number of all.
* ``record_check`` holds a caller's ``claims`` (``claimed_values``) against the record
  (``contradictions``: ``payment_claims``, ``billing_claims``, worded by ``record_wording``).
  ``said_before`` holds ``statements`` and ``own_words`` against each other, and by ``agent_check``
  the agent's against the record.

``signals`` and ``spoken`` are what several readings share.
"""
