"""What the command line shows and does: a call told as it happens, the demo, a report.

It stands between ``cli``, which only knows arguments, and ``app``, which knows no terminal.
"""
