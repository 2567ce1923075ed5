"""The questionnaires that are understood: their forms, the questions of each, and the codes of every answer.

A form is an instrument in one version for one age group; forms are never pooled, since they ask different people in
different words (indicators reference 8). Ids and codes are ours and short: the wording of Bright Spots (Your Life, Your
Care; Your Life Beyond Care) is copyrighted and not shipped. The node's reader, the template's README and the
definitions all follow this table.
"""

from __future__ import annotations

from dataclasses import dataclass

_UNDECIDED = ("dont_know", "prefer_not")

SCALE = tuple(str(score) for score in range(11))
"""The scale of the ONS personal wellbeing questions: 0 is not at all, 10 completely."""
YES_NO = ("yes", "no", *_UNDECIDED)
HOW_OFTEN = ("all_or_most", "sometimes", "hardly_ever", "never", *_UNDECIDED)
HOW_MUCH = ("a_lot", "a_bit", "not_much", "not_at_all", *_UNDECIDED)
CHANGE = ("much_better", "bit_better", "same", "worse", *_UNDECIDED)
LONELINESS = ("always_or_often", "sometimes", "occasionally", "hardly_ever", "never", *_UNDECIDED)


@dataclass(frozen=True)
class Form:
    """A questionnaire. `questions` maps the id of a question to the codes of its answers, in order."""

    instrument: str
    version: str
    age_form: str
    title: str
    questions: dict[str, tuple[str, ...]]

    @property
    def id(self) -> str:
        """Instrument, version and age form in one text, as `feedback_answer.form` holds it."""
        return f"{self.instrument}_{self.version}_{self.age_form}"


_YOUNGEST = {
    "feels_safe_home": HOW_OFTEN,
    "trusted_adult": YES_NO,
    "likes_school": HOW_MUCH,
    "good_friend": YES_NO,
}

FORMS: dict[str, Form] = {
    form.id: form
    for form in (
        Form("ylyc", "1", "4_7", "Your Life, Your Care: children in care aged 4 to 7", _YOUNGEST),
        Form(
            "ylyc",
            "1",
            "8_11",
            "Your Life, Your Care: children in care aged 8 to 11",
            {**_YOUNGEST, "life_better": CHANGE},
        ),
        Form(
            "ylyc",
            "1",
            "11_18",
            "Your Life, Your Care: children in care aged 11 to 18",
            {
                **_YOUNGEST,
                "life_better": CHANGE,
                "life_satisfaction": SCALE,
                "worthwhile": SCALE,
                "happy_yesterday": SCALE,
                "positive_future": SCALE,
            },
        ),
        Form(
            "ylbc",
            "1",
            "16_25",
            "Your Life Beyond Care: care leavers aged 16 to 25",
            {
                "feels_safe_home": HOW_OFTEN,
                "trusted_adult": YES_NO,
                "lonely": LONELINESS,
                "life_satisfaction": SCALE,
                "worthwhile": SCALE,
                "happy_yesterday": SCALE,
                "anxious_yesterday": SCALE,
            },
        ),
        Form(
            "ons4",
            "1",
            "11_18",
            "ONS personal wellbeing: young people aged 11 to 18 known to social care",
            {
                "life_satisfaction": SCALE,
                "worthwhile": SCALE,
                "happy_yesterday": SCALE,
                "anxious_yesterday": SCALE,
            },
        ),
        Form(
            "ssd_voice",
            "1",
            "all",
            "Voice of the child (Standard Safeguarding Dataset): children with a social worker, of any age",
            {
                "understands_worries": YES_NO,
                "story_helps": YES_NO,
                "agrees_plan": YES_NO,
                "plan_safe": YES_NO,
                "tablet_helps": YES_NO,
            },
        ),
    )
}
"""Every form by its id. The five questions of `ssd_voice_1_all` are those of the SSD table ssd_voice_of_child, in the
order of its columns; whether a child agrees with what the worker says needs to happen is `agrees_plan`."""
