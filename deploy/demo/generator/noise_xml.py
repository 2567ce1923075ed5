"""Noise of format in a CIN census."""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from typing import Final

from deploy.demo.generator.noise_kinds import ENCODINGS, NOT_ASCII, Noise, Written

_BETWEEN = "><"
_VALUE = re.compile(r">([^<>\n]+)</")
_BOOLEAN = re.compile(r"<(ReferralNFA|ICPCnotRequired)>([01])</")
_SEX = re.compile(r"<Sex>([MFU])</Sex>")
_GENDER = re.compile(r"<GenderCurrent>([012])</GenderCurrent>")
_GENDER_OF_SEX: Final = {"M": "1", "F": "2", "U": "0"}
_SEX_OF_GENDER: Final = {gender: sex for sex, gender in _GENDER_OF_SEX.items()}
_NOT_ASCII: Final = "<!-- Café £5 -->"
_STRAY: Final = ("PersonBirthDate", "CINdetails", "<!-- checked -->", _NOT_ASCII)
_ADDED: Final = f"<LocalRemark>{NOT_ASCII}</LocalRemark>"
_NAMES_OF_ENCODINGS: Final = {"utf-8-sig": "utf-8", "utf-16": "utf-16", "utf-16-be": "utf-16", "cp1252": "windows-1252"}


def noisy_xml(text: str, chosen: Collection[Noise], chance: random.Random) -> list[Written]:
    """A CIN census with the noise that was chosen, in one part."""
    declaration, beginning, opening, *children, ending = text.splitlines()
    encoding = chance.choice(ENCODINGS) if Noise.ENCODING in chosen else "utf-8"
    declaration = declaration.replace("utf-8", _NAMES_OF_ENCODINGS.get(encoding, encoding))
    children = [_noisy_child(child, chosen, chance) for child in children]
    if encoding == "cp1252":
        opening = f"{_NOT_ASCII}{opening}"
    text = "\n".join((declaration, beginning, opening, *children, ending, ""))
    return [Written(text.replace("\n", "\r\n" if Noise.LINE_ENDS in chosen else "\n"), encoding)]


def _noisy_child(child: str, chosen: Collection[Noise], chance: random.Random) -> str:
    if Noise.CODE_ERAS in chosen:
        child = _BOOLEAN.sub(lambda found: f"<{found[1]}>{'true' if found[2] == '1' else 'false'}</", child)
        if "<Sex>" in child:
            child = _SEX.sub(lambda found: f"<GenderCurrent>{_GENDER_OF_SEX[found[1]]}</GenderCurrent>", child)
        else:
            child = _GENDER.sub(lambda found: f"<Sex>{_SEX_OF_GENDER[found[1]]}</Sex>", child)
    if Noise.SPACES in chosen:
        child = _VALUE.sub(lambda found: f">\n {found[1]}  </", child)
    if Noise.MORE_COLUMNS in chosen:
        child = child.replace("</ChildIdentifiers>", f"{_ADDED}</ChildIdentifiers>")
        child = child.replace("</CINdetails>", f"{_ADDED}</CINdetails>")
    if Noise.STRAY_TEXT in chosen:
        child = _between(child, chance, _STRAY)
    if Noise.BLANK_ROWS in chosen:
        child = _between(child, chance, ("\n\n   ", "\n"))
    return child


def _between(child: str, chance: random.Random, texts: tuple[str, ...]) -> str:
    """Text put between some of the elements."""
    first, *others = child.split(_BETWEEN)
    return first + "".join(f">{chance.choice(texts) if chance.random() < 0.1 else ''}<{other}" for other in others)
