"""Tools: functions that a model may call, how they are described, run and, if need be, emulated."""
