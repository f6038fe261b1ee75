"""Find faces in photos and crop them like the training faces.

OpenCV does the work, from the optional extra `detection`; it is imported when a photo is searched.
"""

from faces.data.detection.detector import DetectedFace, find_faces, is_available
from faces.data.detection.quality import Problem, choose_face

__all__ = ["DetectedFace", "Problem", "choose_face", "find_faces", "is_available"]
