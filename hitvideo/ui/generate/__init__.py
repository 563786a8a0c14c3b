"""The Generate tab: its page, and the work behind it."""
