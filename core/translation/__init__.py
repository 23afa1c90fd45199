"""Translation between Ollama's native API and OpenAI's: pure, in both directions.

No file in here does I/O, reads a clock, makes an id or looks at the environment: the same
input gives the same output, so every behaviour is a test vector.
"""
