"""What children and young people answer to questionnaires: one person's answers hang together.

Shares are those published of the two Bright Spots surveys (indicators reference 8) where there are any, and plausible
elsewhere.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import accumulate
from statistics import NormalDist
from typing import Final

from deploy.demo.generator.days import completed_years, year_end, year_start
from deploy.demo.generator.history import History
from frameworks.feedback_forms import FORMS, SCALE

VOICE: Final = "ssd_voice_1_all"
_TOGETHER: Final = 0.7
"""How much of each answer is how a person fares altogether."""

_ANSWERED: Final = 0.95
_UNDECIDED: Final = 0.05
_NORMAL = NormalDist()

SHARES: Final[Mapping[str, Mapping[str, Sequence[float]]]] = {
    "ylyc": {
        "feels_safe_home": (84, 11, 3, 2),
        "trusted_adult": (92, 8),
        "likes_school": (38, 32, 17, 13),
        "good_friend": (93, 7),
        "life_better": (52, 31, 11, 6),
        "life_satisfaction": (25, 14, 18, 14, 8, 9, 4, 3, 2, 1, 2),
        "worthwhile": (25, 14, 18, 14, 9, 9, 4, 3, 2, 1, 1),
        "happy_yesterday": (27, 13, 16, 13, 8, 9, 4, 4, 3, 1, 2),
        "positive_future": (26, 14, 17, 13, 8, 9, 4, 3, 2, 1, 3),
    },
    "ylbc": {
        "feels_safe_home": (68, 16, 9, 7),
        "trusted_adult": (86, 14),
        "lonely": (22, 27, 19, 19, 13),
        "life_satisfaction": (9, 8, 15, 16, 12, 14, 6, 6, 5, 3, 6),
        "worthwhile": (10, 9, 16, 16, 12, 14, 6, 5, 4, 3, 5),
        "happy_yesterday": (11, 9, 15, 15, 11, 12, 6, 6, 5, 3, 7),
        "anxious_yesterday": (20, 9, 10, 10, 7, 11, 9, 9, 7, 3, 5),
    },
    "ons4": {
        "life_satisfaction": (16, 12, 17, 15, 10, 12, 5, 4, 3, 2, 4),
        "worthwhile": (17, 12, 17, 15, 10, 12, 5, 4, 3, 2, 3),
        "happy_yesterday": (18, 12, 16, 14, 9, 11, 5, 5, 4, 2, 4),
        "anxious_yesterday": (24, 10, 11, 10, 7, 10, 8, 8, 5, 3, 4),
    },
    "ssd_voice": {
        "understands_worries": (72, 28),
        "story_helps": (60, 40),
        "agrees_plan": (62, 38),
        "plan_safe": (66, 34),
        "tablet_helps": (55, 45),
    },
}
"""How many in a hundred give each answer, by instrument and question, from the best answer to the worst (of
loneliness, from the worst to the best)."""

_WORST_FIRST = frozenset({"lonely"})
_LOW_IS_GOOD = frozenset({"anxious_yesterday"})


def draw_answers(chance: random.Random, form_id: str, fares: float = 0.0) -> dict[str, str]:
    """The answers of one person by question; `fares` says how the people of a council fare, in standard deviations."""
    form = FORMS[form_id]
    well = chance.gauss(fares, 1)
    answers = {}
    for question, codes in form.questions.items():
        own, is_answered, undecided = chance.gauss(0, 1), chance.random() < _ANSWERED, chance.random() < _UNDECIDED
        if not is_answered:
            continue
        if codes != SCALE and undecided:
            answers[question] = chance.choice(codes[-2:])
            continue
        badness = 1 - _NORMAL.cdf(_TOGETHER * well + (1 - _TOGETHER**2) ** 0.5 * own)
        answers[question] = _answer(form.instrument, question, codes, badness)
    return answers


def _answer(instrument: str, question: str, codes: Sequence[str], badness: float) -> str:
    """The answer at a rank from the best (0) to the worst (1)."""
    shares = SHARES[instrument][question]
    in_order = codes[: len(shares)]
    if codes == SCALE and question not in _LOW_IS_GOOD:
        in_order = in_order[::-1]
    limit = sum(shares) * (1 - badness if question in _WORST_FIRST else badness)
    for code, reached in zip(in_order, accumulate(shares), strict=True):
        if limit < reached:
            return code
    return in_order[-1]


def has_social_worker(history: History, day: int) -> bool:
    """Whether a child has an open case on a day."""
    return any(not case.no_further_action and case.referral <= day < case.closure for case, _ in history.cases)


def known_in_year(history: History, year: int) -> bool:
    """Whether a child has a case at any time of a year, be it a referral that goes no further."""
    first, last = year_start(year), year_end(year)
    return any(
        case.referral <= last and (case.referral if case.no_further_action else case.closure) >= first
        for case, _ in history.cases
    )


def draw_voice(seed: str, history: History, year: int) -> dict[str, str]:
    """Yes or no to the social worker's questions; empty for a child who was not asked or did not answer.

    The answers of one year are the same whenever they are drawn, so that a warehouse and a survey agree.
    """
    if not known_in_year(history, year) or completed_years(history.child.birth, year_end(year)) < _VOICE_AGE:
        return {}
    chance = random.Random(f"{seed} voice {history.child.child_id} {year}")
    if chance.random() > _VOICE_RESPONSE:
        return {}
    answers = draw_answers(chance, VOICE)
    return {question: answer for question, answer in answers.items() if answer in ("yes", "no")}


_VOICE_AGE: Final = 4
_VOICE_RESPONSE: Final = 0.5
