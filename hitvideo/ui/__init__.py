"""The browser app: one folder per tab, the player they share, the theme.

Everything that knows Gradio is in here. Nothing is imported by this package itself, so that the
rest of `hitvideo` never pays for it.
"""
