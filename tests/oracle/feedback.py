"""What children say (section 8), from the two files of the year; forms, questions and answers as in the templates."""

from __future__ import annotations

from collections.abc import Iterator

from tests.oracle.csv_files import Files, Row, to_date
from tests.oracle.figures import NOBODY, PERCENT, Kind, Member, Person

Measured = Iterator[tuple[str, Kind, list[Member]]]

SCALE = tuple(str(score) for score in range(11))
HISTOGRAM = Kind("histogram", categories=SCALE)
NO_OPINION = {"dont_know", "prefer_not"}

_YES_NO = {"yes", "no"} | NO_OPINION
_ONS = ("life_satisfaction", "worthwhile", "happy_yesterday")
_CHILD = {
    "feels_safe_home": {"all_or_most", "sometimes", "hardly_ever", "never"} | NO_OPINION,
    "trusted_adult": _YES_NO,
    "likes_school": {"a_lot", "a_bit", "not_much", "not_at_all"} | NO_OPINION,
    "good_friend": _YES_NO,
}
_OLDER_CHILD = _CHILD | {"life_better": {"much_better", "bit_better", "same", "worse"} | NO_OPINION}
_SSD = ("understands_worries", "story_helps", "agrees_plan", "plan_safe", "tablet_helps")

FORMS: dict[str, dict[str, set[str]]] = {
    "ylyc_1_4_7": _CHILD,
    "ylyc_1_8_11": _OLDER_CHILD,
    "ylyc_1_11_18": _OLDER_CHILD | {question: set(SCALE) for question in (*_ONS, "positive_future")},
    "ylbc_1_16_25": {
        "feels_safe_home": _CHILD["feels_safe_home"],
        "trusted_adult": _YES_NO,
        "lonely": {"always_or_often", "sometimes", "occasionally", "hardly_ever", "never"} | NO_OPINION,
        **{question: set(SCALE) for question in (*_ONS, "anxious_yesterday")},
    },
    "ons4_1_11_18": {question: set(SCALE) for question in (*_ONS, "anxious_yesterday")},
    "ssd_voice_1_all": dict.fromkeys(_SSD, _YES_NO),
}
SHARES = {
    "feels_safe_home": {"feels_safe_home": {"all_or_most"}},
    "trusted_adult": {"trusted_adult": {"yes"}},
    "likes_school": {"likes_school": {"a_lot", "a_bit"}},
    "life_better": {"life_better": {"much_better", "bit_better"}},
    "lonely": {"lonely_often": {"always_or_often"}},
    "understands_worries": {"understands_worries": {"yes"}},
    "agrees_plan": {"agrees_plan": {"yes"}},
    "plan_safe": {"plan_safe": {"yes"}},
    "life_satisfaction": {"low_life_satisfaction": set(SCALE[:5]), "very_high_life_satisfaction": set(SCALE[9:])},
}
"""By question, the indicators that are shares of those who answered it, with the answers that count."""

UNUSED = {"feedback_ylbc_1_16_25_very_high_life_satisfaction", "feedback_ons4_1_11_18_very_high_life_satisfaction"}
"""Shares that no framework asks for."""


_ANSWERED = ("RESPONDENT", "INSTRUMENT", "VERSION", "AGE_FORM", "QUESTION", "ANSWER")
"""What a row of answers cannot be without. Of several rows the last counts, whether or not its answer can be used."""


def _form(row: Row) -> str:
    return "_".join(row[part] for part in ("INSTRUMENT", "VERSION", "AGE_FORM")).lower()


class Feedback:
    """Measures the surveys of a year."""

    def __init__(self, files: Files) -> None:
        self.responded: dict[tuple[str, str], bool] = {}
        self.people: dict[str, Person] = {}
        self.answers: dict[tuple[str, str, str], str] = {}
        for row in files.get("invitations", []):
            if row["RESPONDENT"] and _form(row) in FORMS and row["RESPONDED"] in {"0", "1"}:
                self.responded[row["RESPONDENT"], _form(row)] = row["RESPONDED"] == "1"
                self.people[row["RESPONDENT"]] = Person(
                    row.get("SEX", ""), to_date(row.get("DOB", "")), row.get("ETHNIC", "")
                )
        for row in files.get("answers", []):
            if all(row[column] for column in _ANSWERED):
                self.answers[row["RESPONDENT"], _form(row), row["QUESTION"].lower()] = row["ANSWER"].lower()
        self.answers = {
            (who, form, question): answer
            for (who, form, question), answer in self.answers.items()
            if answer in FORMS.get(form, {}).get(question, set())
        }

    def person(self, respondent: str) -> Person:
        """As the last of a person's invitations has them; a token without an invitation is nobody."""
        return self.people.get(respondent, NOBODY)

    def measure(self) -> Measured:
        """Each indicator as id, kind and cohort members."""
        for form, questions in FORMS.items():
            yield (
                f"feedback_{form}_response_rate",
                PERCENT,
                [Member(who, responded) for (who, of), responded in self.responded.items() if of == form],
            )
            for question, possible in questions.items():
                answered = {
                    who: answer
                    for (who, of, asked), answer in self.answers.items()
                    if (of, asked) == (form, question) and answer not in NO_OPINION
                }
                if possible == set(SCALE):
                    histogram = [Member(who, category=answer) for who, answer in answered.items()]
                    yield f"feedback_{form}_{question}", HISTOGRAM, histogram
                for share, answers in SHARES.get(question, {}).items():
                    if f"feedback_{form}_{share}" not in UNUSED:
                        members = [Member(who, answer in answers) for who, answer in answered.items()]
                        yield f"feedback_{form}_{share}", PERCENT, members
