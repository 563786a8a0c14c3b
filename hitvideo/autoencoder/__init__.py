"""The next tokenizer, in training: one plain autoencoder of groups of frames for all levels."""
