"""The judge: a classifier that reads clips, and how clips are worsened for it."""
