"""Measurements: the tokenizer on a set of clips, rate, alignment and baselines.

Every number is taken on 8-bit frames in memory, never on a re-encoded file. Knows nothing of the
app or of how models are trained.
"""
