"""Plan, words and coarse video to the picture that generated clips are shown in."""
