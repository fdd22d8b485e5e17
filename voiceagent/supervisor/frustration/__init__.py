"""How likely the caller is frustrated, judged from the words of the dialogue so far.

``embedding`` turns a text into a vector, ``cues`` counts telling words, ``reading`` puts both
together for one text and remembers them, ``features`` describes the newest turn within its
dialogue, ``model`` holds the trained weights and ``scorer`` is what a supervisor calls.
What the weights were trained on, and how well they do, is in PROVENANCE.md.
"""

from voiceagent.supervisor.frustration.scorer import FrustrationScorer

__all__ = ["FrustrationScorer"]
