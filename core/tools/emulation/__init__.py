"""Tool calls for models that have not learnt them: the one way in.

Whoever asks a model takes no more than what is named here. Which words of a question stand for
which argument (``spans``, ``question_phrases``, ``assign_phrases``, ``choose_tool``) is a matter
of very small models and of this folder alone; a model that is ``able`` never meets those rules.
"""

from core.tools.emulation.able import ABLE, written_out
from core.tools.emulation.emulate import Emulation, emulate
from core.tools.emulation.flatten_history import flatten
from core.tools.emulation.own_words import in_own_words

__all__ = ["ABLE", "Emulation", "emulate", "flatten", "in_own_words", "written_out"]
