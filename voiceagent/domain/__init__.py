"""What the product means, without how it is done.

Only plain data and rules live here: states and their transition tables, events, transcript,
packet, account record, errors. Nothing in this package performs I/O, knows an event loop or
imports a third party, so everything in it can be tested and reasoned about on its own.
"""
