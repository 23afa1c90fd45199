"""Reading whatever was pasted: bodies, commands, programs, recordings and logs. Nothing is run."""
