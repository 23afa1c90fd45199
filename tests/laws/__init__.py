"""Laws of translation, tried by Hypothesis on generated requests, answers and streams."""
