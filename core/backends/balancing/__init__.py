"""Which deployment a request is given to: groups, load, cooldowns."""
