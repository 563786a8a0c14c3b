"""From a request to a clip: one object owns the models; requests, steps and results are data."""

from hitvideo.pipeline.pipeline import HiTVideoPipeline
from hitvideo.pipeline.weights import DEFAULT_WEIGHTS, find_weights

__all__ = ["DEFAULT_WEIGHTS", "HiTVideoPipeline", "find_weights"]
