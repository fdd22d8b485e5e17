"""The desk in the browser: agents take handed-over calls, supervisors watch, reports are read.

Who may do what is here as well: ``security`` tells who asks and refuses what they may not do,
``permissions`` says what each role may, ``sessions``, ``passwords`` and ``media_tokens`` hold the
secrets that prove it.
"""
