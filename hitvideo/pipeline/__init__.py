"""From a request to a clip: one object owns the models; requests, steps and results are data."""

from hitvideo.pipeline.pipeline import DEFAULT_WEIGHTS, HiTVideoPipeline, find_weights

__all__ = ["DEFAULT_WEIGHTS", "HiTVideoPipeline", "find_weights"]
