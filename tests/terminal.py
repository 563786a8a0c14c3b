"""Signals as a terminal's own command finds them.

A job in the background of a shell ignores Ctrl-C, and one under nohup the hang-up, and so would its
children.
"""

import signal


def as_in_a_terminal() -> None:
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
