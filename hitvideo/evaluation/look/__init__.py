"""What an eye that never met our models sees in pictures."""
