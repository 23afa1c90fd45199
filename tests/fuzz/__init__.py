"""A fuzzer for everything that reads bytes from outside: parsers, framing, pass-through."""
