"""The Reconstruct tab: its page, and the work behind it."""
