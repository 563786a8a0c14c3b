"""The Rate-quality tab: its page, and the work behind it."""
