"""Real programs, as their makers publish them, over the gateway and a scripted model."""
