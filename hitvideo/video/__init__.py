"""The one door for video files: files on one side, uint8 RGB frames (T, H, W, 3) on the other.

Reads whatever PyAV decodes, frame by frame; writes H.264 that every browser plays, through moviepy.
Knows nothing of models, tensors or the app.
"""

from hitvideo.video.container import Limits, VideoInfo, probe
from hitvideo.video.notes import Notes
from hitvideo.video.read import read_frames, read_steps, read_video
from hitvideo.video.write import write_video

__all__ = [
    "Limits",
    "Notes",
    "VideoInfo",
    "probe",
    "read_frames",
    "read_steps",
    "read_video",
    "write_video",
]
