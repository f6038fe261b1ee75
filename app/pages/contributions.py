"""Which parts of a face contributed to its recognition, as a picture with a description."""

from html import escape

import numpy as np
from numpy.typing import NDArray

from app.pages.layout import face_uri
from app.recognition import RecognisedFace
from faces.evaluation.contributions import PARTS, Contributions

MAX_OPACITY = 0.7
MENTIONED = 2
"""Regions that the description names, for each side."""

ROWS = ("forehead", "eyes", "nose", "mouth and chin")
COLUMNS = ("on the left", "in the middle", "on the right")
COLUMN_STARTS = (0, 3, 5)
"""Columns of parts where the regions of `COLUMNS` begin."""


def contributions_html(face: RecognisedFace) -> str:
    """Return the face with its parts coloured by what they contribute, and a legend.

    Args:
        face: The face.

    Returns:
        A figure; a sentence if the model cannot be explained.
    """
    found = face.contributions
    if found is None:
        return "<p class=soft>Which parts contributed is only known for linear models.</p>"
    person, other = escape(found.person), escape(found.other)
    title = escape(describe(found))
    return (
        f'<figure class="parts" role="img" aria-label="{title}"><div class="map">'
        f'<img src="{face_uri(face.place.image)}" alt=""><svg viewBox="0 0 {PARTS} {PARTS}">'
        f"{_parts_svg(found.parts)}</svg></div><figcaption><span class=for>Blue</span> parts speak "
        f"for {person}, <span class=against>orange</span> ones for {other}, who is second; the "
        "stronger the colour, the more.</figcaption></figure>"
    )


def describe(found: Contributions) -> str:
    """Describe contributions in words, for people who cannot see the picture.

    Args:
        found: The contributions.

    Returns:
        A sentence about the regions that contribute most.
    """
    regions = _by_region(found.parts)
    order = sorted(regions, key=lambda name: regions[name])
    supporting = [name for name in reversed(order[-MENTIONED:]) if regions[name] > 0]
    opposing = [name for name in order[:MENTIONED] if regions[name] < 0]
    return "; ".join(
        f"{' and '.join(names)} of the picture speak for {person}"
        for names, person in ((supporting, found.person), (opposing, found.other))
        if names
    )


def _by_region(parts: NDArray[np.floating]) -> dict[str, float]:
    rows = np.add.reduceat(parts, np.arange(0, PARTS, PARTS // len(ROWS)), axis=0)
    cells = np.add.reduceat(rows, COLUMN_STARTS, axis=1)
    return {
        f"{row} {column}": float(cells[y, x])
        for y, row in enumerate(ROWS)
        for x, column in enumerate(COLUMNS)
    }


def _parts_svg(parts: NDArray[np.floating]) -> str:
    opacity = MAX_OPACITY * np.abs(parts) / max(float(np.abs(parts).max()), 1e-12)
    return "".join(
        f'<rect class="{"for" if parts[y, x] > 0 else "against"}" x="{x}" y="{y}" width="1" '
        f'height="1" fill-opacity="{opacity[y, x]:.2f}"/>'
        for y in range(PARTS)
        for x in range(PARTS)
    )
