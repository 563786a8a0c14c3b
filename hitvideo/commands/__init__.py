"""The commands, one file each: `register` says what it takes, `run` does it."""
