"""Watches a call and never speaks: events in, a verdict after every turn of the caller.

``policy`` and ``phrases`` hold what a prompt engineer decides, ``signals`` and ``contradictions``
read one turn, ``scores`` and ``offers`` remember, and ``watcher`` puts them together.
"""
