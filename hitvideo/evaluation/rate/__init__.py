"""Bits against quality: levels and codecs, one clip or a set, and what is drawn of it."""
