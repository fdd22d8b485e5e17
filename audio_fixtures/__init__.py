"""Recorded callers and humans for whole-call tests; see README.md."""
