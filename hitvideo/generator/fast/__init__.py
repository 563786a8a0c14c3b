"""The language model made small and quick: its cache, its linear layers, how they are stored."""
