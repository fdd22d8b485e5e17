"""Watches a call and never speaks: events in, a verdict after every turn of the caller.

``policy`` and ``phrases`` hold what a prompt engineer decides. ``signals`` and ``contradictions``
read one turn, ``explicit`` what is said outright; ``claims`` and ``claimed_values`` are what a
turn claims about the account, ``payment_claims`` and ``billing_claims`` compare it with the
record, and ``record_wording`` says what the record holds. ``scores``, ``offers`` and
``record_check`` remember over the call, and ``watcher`` puts the ``grounds`` of every reading
together.
"""
