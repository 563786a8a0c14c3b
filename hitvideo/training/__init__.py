"""Training loops and what they need; imports nothing of the app."""
