"""The bodies of the commands that `hitvideo.cli` registers."""
