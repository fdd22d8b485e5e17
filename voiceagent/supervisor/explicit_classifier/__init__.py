"""A trained reading of what a caller says outright, beside the policy's phrases.

``classifier`` is what a call uses; ``pieces`` cuts a turn, ``model`` holds the weights. Where those
come from, and how to train them again, is in PROVENANCE.md.
"""
