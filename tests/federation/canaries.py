"""Children with unmistakable values, and a search for them in anything that left or was written."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence

CHILDREN = ("CANARYKESTREL7", "CANARYWAXWING8", "CANARYDUNNOCK9")
"""Child ids that stand for nothing else."""

VALUES = (
    *CHILDREN,
    "ZZ98 7QX",
    "ZZ987QX",
    "Z998877665544",
    "CANARYWORKER3",
    "CANARYFAULT4",
    "CANARYRESPONDENT5",
    "CANARYFAMILY6",
    "2013-02-27",
    "27/02/2013",
)
"""Every unmistakable value: ids, postcodes, a UPN, a worker, an unusable value, a respondent, a family, a birth."""


def spellings(value: str) -> set[bytes]:
    """The ways in which a text could be written: encodings, hexadecimal, base64 at each alignment, digests."""
    plain = value.encode()
    forms = {plain, plain.lower(), plain[::-1], value.encode("utf-16-le"), value.encode("utf-16-be")}
    forms |= {plain.hex().encode(), plain.hex().upper().encode()}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + plain)
        forms.add(encoded[4 if offset else 0 : -4])
    for name in ("md5", "sha1", "sha256", "sha512"):
        digest = hashlib.new(name, plain, usedforsecurity=False)
        forms |= {digest.digest(), digest.hexdigest().encode()}
    return {form for form in forms if len(form) >= 6}


def vector_spellings(vector: Sequence[int]) -> set[bytes]:
    """The ways in which an exact vector could be written."""
    text = ",".join(map(str, vector)).encode()
    return {
        struct.pack(f"<{len(vector)}q", *vector),
        struct.pack(f">{len(vector)}q", *vector),
        text,
        text.replace(b",", b", "),
        text.replace(b",", b"\n"),
    }


def sightings(places: Mapping[str, Iterable[bytes]], forbidden: Iterable[bytes]) -> list[str]:
    """The names of the places in which a forbidden spelling occurs."""
    needles = list(forbidden)
    return sorted(name for name, texts in places.items() if any(needle in text for text in texts for needle in needles))
