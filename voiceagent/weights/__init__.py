"""Model weights: what they are (``catalogue``), whether they are right (``verification``), and how
they get onto this machine (``fetching``, through ``bundles`` or ``hub``).

Nothing here loads a model, and nothing is fetched unless ``fetching.fetch`` is called.
"""
