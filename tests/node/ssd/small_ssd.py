"""A warehouse of a few children, written by hand, and the returns that say the same of them; every id is invented.

Rows are in the specification's columns; `written` writes them as a case system does. Reference year 2025.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.node import ssda903_csv as csv
from tests.node.census_xml import assessment, child, details, message, plan, section_47

Value = str | int | float | None
Tables = dict[str, list[dict[str, Value]]]

DAYS = ("_date", "_dob", "_contact", "_ceased", "_due")


def rows(columns: str, *lines: str) -> list[dict[str, Value]]:
    """Rows of a table: columns parted by blanks, values by bars; a blank value is null."""
    names = columns.split()
    found: list[dict[str, Value]] = []
    for line in lines:
        values = [value.strip() or None for value in line.split("|")]
        found.append(dict(zip(names, values, strict=True)))
    return found


@dataclass(frozen=True)
class Written:
    """How a deployment departs from the specification: names of its own, columns it lacks, and how values look."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    midnight: bool = True
    prefix: str = ""

    def columns(self, canonical: Iterable[str]) -> dict[str, str]:
        """The deployment's own names, by the canonical ones that it has."""
        return {name: self.renamed.get(name, name) for name in canonical if name not in self.absent}

    def value(self, column: str, value: Value) -> Value:
        """A value as the deployment holds it."""
        if value is not None and column.endswith(DAYS) and self.midnight:
            return f"{value} 00:00:00"
        return self.values.get(column, {}).get(str(value), value)


SPECIFICATION = Written()
SYSTEM_C = Written(
    values={
        "clae_cla_episode_start_reason": {
            "S": "Started to be looked after",
            "T": "Change of placement (but same carer(s)) only",
        },
        "clae_cla_episode_ceased_reason": {
            "E4A": "Returned home to live with parents, relatives, or other person with parental responsibility as part"
            " of the care planning process",
            "E12": "Adopted - consent dispensed with by the court",
            "E5": "E5 - Moved into independent living",
        },
        "clap_cla_placement_type": {
            "U4": "Foster placement with other foster carer(s) - long term fostering",
            "K2": "K2 - Children's homes",
        },
        "lega_legal_status": {"C2": "Full Care Order", "V4": "V4 - short breaks"},
        "clea_care_leaver_activity": {"F2": "Young person engaged full time in education other than higher education"},
        "clea_care_leaver_accommodation": {"U": "Independent living"},
        "cine_close_reason": {"RC8": "RC8 - Case closed after assessment, no further action"},
        "pers_ethnicity": {"WBRI": "White British"},
        "pers_sex": {"F": "Female", "M": "Male"},
    },
)
MOSAIC = Written(
    renamed={
        "cppr_cp_plan_id": "registration_id",
        "cppr_person_id": "person_id",
        "cppr_cp_review_date": "actual_date",
    },
    absent=frozenset({"invo_person_id", "cppl_cp_plan_ola", "clai_immunisations_status_date"}),
    values={
        "cinf_assessment_factors_json": {
            '["3A", "16A"]': '{"3A": "Yes", "16A":"Yes", "1A": "No"}',
            '["4B"]': '{"factor": "4B"}',
        }
    },
    prefix="council_",
)
ECLIPSE = Written(renamed={"clae_cla_episode_ceased_date": "clae_cla_episode_ceased"}, midnight=False)
WRITTEN = {"specification": SPECIFICATION, "system_c": SYSTEM_C, "mosaic": MOSAIC, "eclipse": ECLIPSE}


def tables() -> Tables:
    """The warehouse. A has one placement; B moves and changes status; C goes home; D is in a series of short breaks; E
    moves house with the carer; F is adopted by the foster carer; L has left care; N is known to the census alone."""
    return {
        "ssd_person": rows(
            "pers_person_id pers_sex pers_ethnicity pers_dob",
            "A|F|WBRI|2012-06-15",
            "B|M|BCRB|2013-02-01",
            "C|M|WBRI|2010-01-01",
            "D|F|AIND|2014-01-01",
            "E|F|WBRI|2011-05-05",
            "F|M|MWBC|2020-03-03",
            "L|M|WBRI|2005-09-09",
            "N|F|OOTH|2016-07-07",
            "-1|U|NOBT|1900-01-01",
        ),
        "ssd_cla_episodes": rows(
            "clae_cla_episode_id clae_person_id clae_cla_id clae_cla_episode_start_date clae_cla_episode_start_reason"
            " clae_cla_episode_ceased_date clae_cla_episode_ceased_reason",
            "1|A|PA|2020-05-01|S||",
            "2|B|PB|2024-05-01|S|2024-06-01|X1",
            "3|B|PB|2024-06-01|L|2024-09-01|X1",
            "4|B|PB|2024-09-01|P|2025-01-10|X1",
            "5|B|PB|2025-01-10|B||",
            "6|C|PC|2022-01-10|S|2024-10-01|E4A",
            "7|D|PD|2024-07-01|S||",
            "8|E|PE|2019-02-01|S|2024-07-01|X1",
            "9|E|PE|2024-07-01|T||",
            "10|F|PF|2021-01-01|S|2023-06-01|X1",
            "11|F|PF|2023-06-01|L|2024-02-01|X1",
            "12|F|PF|2024-02-01|T|2024-12-01|E12",
            "13|L|PL|2018-01-01|S|2023-09-09|E5",
            "14|-1|PX|2020-01-01|S||",
        ),
        "ssd_cla_placement": rows(
            "clap_cla_placement_id clap_cla_id clap_cla_placement_start_date clap_cla_placement_end_date"
            " clap_cla_placement_type clap_cla_placement_urn clap_cla_placement_postcode clap_cla_placement_distance",
            "P1|PA|2020-05-01||U4|SC000001|ZZ1 1ZZ|4.2",
            "P2|PB|2024-05-01|2024-09-01|U6|SC000002|ZZ1 2ZZ|10",
            "P3|PB|2024-09-01|2025-01-10|K2|SC000003|ZZ1 3ZZ|25.5",
            "P4|PB|2025-01-10||U4|SC000001|ZZ1 1ZZ|999.9",
            "P5|PC|2022-01-10|2024-10-01|U4|SC000001|ZZ1 4ZZ|3",
            "P6|PD|2024-07-01||U4|SC000001|ZZ1 5ZZ|1",
            "P7|PE|2019-02-01|2024-07-01|U4|SC000001|ZZ1 6ZZ|7",
            "P8|PE|2024-07-01||U4|SC000001|ZZ1 7ZZ|8",
            "P9|PF|2021-01-01|2024-02-01|U5|SC000001|ZZ1 8ZZ|9",
            "P10|PF|2024-02-01|2024-12-01|A5|SC000001|ZZ1 8ZZ|9",
            "P11|PL|2018-01-01|2023-09-09|U4|SC000001|ZZ1 9ZZ|",
        ),
        "ssd_legal_status": rows(
            "lega_person_id lega_legal_status lega_legal_status_start_date lega_legal_status_end_date",
            "A|C2|2020-05-01|",
            "B|V2|2024-05-01|2024-06-01",
            "B|C1|2024-06-01|2025-01-10",
            "B|C2|2025-01-10|",
            "C|V2|2022-01-10|2024-10-01",
            "C|Private fostering arrangement|2024-11-01|",
            "D|V4|2024-07-01|",
            "E|C2|2019-02-01|",
            "F|C2|2021-01-01|",
            "F|E1|2023-06-01|2024-12-01",
            "L|C2|2018-01-01|2023-09-09",
        ),
        "ssd_sdq_scores": rows(
            "csdq_person_id csdq_sdq_completed_date csdq_sdq_score",
            "A|2024-06-01|17",
            "A|2024-12-01|10",
            "A|2023-06-01|20",
            "A|2025-04-02|2",
            "E|2024-05-05|15",
        ),
        "ssd_cla_health": rows(
            "clah_person_id clah_health_check_type clah_health_check_date clah_health_check_status",
            "A|Health Assessment|2024-06-01|Completed",
            "A|Dental Check|2024-08-01|Completed",
            "E|Dental Check|2024-08-01|Refused",
            "E|Health Assessment|2024-03-31|Completed",
        ),
        "ssd_cla_immunisations": rows(
            "clai_person_id clai_immunisations_status clai_immunisations_status_date",
            "A|Y|2024-09-01",
            "E|N|2024-09-01",
        ),
        "ssd_cla_substance_misuse": rows(
            "clas_person_id clas_substance_misuse_date clas_intervention_received", "E|2024-10-10|Y"
        ),
        "ssd_cla_convictions": rows("clac_person_id clac_cla_conviction_date", "E|2025-03-01"),
        "ssd_missing": rows(
            "miss_table_id miss_person_id miss_missing_episode_type miss_missing_episode_start_date"
            " miss_missing_episode_end_date",
            "1|B|Missing|2024-11-01|2024-11-03",
            "2|E|Away from placement without authorisation|2024-03-30|2024-04-02",
            "3|C|Missing|2024-12-01|2024-12-02",
        ),
        "ssd_professionals": rows(
            "prof_professional_id prof_social_worker_registration_no prof_professional_job_title",
            "w1|SW1|Social Worker",
            "w2|SW2|Senior Social Worker",
            "w3|SW3|Social Worker",
            "w4||Family Support Worker",
        ),
        "ssd_involvements": rows(
            "invo_involvements_id invo_person_id invo_professional_id invo_professional_role_id"
            " invo_involvement_start_date invo_involvement_end_date invo_referral_id",
            "1|B|w1|Allocated Case Worker|2024-05-01|2024-07-01|RB",
            "2|B|w2|Allocated Case Worker|2024-07-01|2024-12-01|RB",
            "3|B|w3|Allocated Case Worker|2024-12-01||RB",
            "4|A|w1|Allocated Case Worker|2023-01-01||RA",
            "5|A|w2|Independent Reviewing Officer|2023-01-01||RA",
            "6|A|w4|Allocated Case Worker|2023-01-01||RA",
        ),
        "ssd_immigration_status": rows(
            "immi_person_id immi_immigration_status immi_immigration_status_start_date"
            " immi_immigration_status_end_date",
            "B|Unaccompanied Asylum Seeking Child|2024-05-01|",
        ),
        "ssd_permanence": rows(
            "perm_table_id perm_person_id perm_adm_decision_date perm_matched_date perm_decision_reversed_date"
            " perm_adopted_by_carer_flag perm_placed_ffa_cp_date",
            "1|F|2023-05-01|2024-01-10||Y|2021-01-01",
        ),
        "ssd_care_leavers": rows(
            "clea_table_id clea_person_id clea_care_leaver_eligibility clea_care_leaver_in_touch"
            " clea_care_leaver_latest_contact clea_care_leaver_accommodation clea_care_leaver_accom_suitable"
            " clea_care_leaver_activity",
            "1|L|Former Relevant|Yes|2024-09-01|U|1|F2",
            "2|L|Former Relevant|No|2023-09-01|S|2|G5",
            "3|C|No current eligibility|Yes|2024-09-01|B|1|F2",
        ),
        "ssd_cin_episodes": rows(
            "cine_referral_id cine_person_id cine_referral_date cine_referral_nfa cine_close_reason cine_close_date",
            "RA|A|2020-04-01|N||",
            "RB|B|2024-04-10|N||",
            "RN1|N|2023-06-01|N|RC8|2023-09-01",
            "RN2|N|2024-03-01|Y||",
            "RN3|N|2024-05-20|N|RC7|2025-04-05",
        ),
        "ssd_cin_assessments": rows(
            "cina_assessment_id cina_person_id cina_referral_id cina_assessment_start_date cina_assessment_auth_date",
            "S1|B|RB|2024-04-12|2024-05-20",
            "S2|N|RN1|2023-06-02|2023-08-01",
            "S3|N|RN3|2024-05-21|2024-09-30",
            "S4|N|RN3|2025-03-01|2025-04-10",
        ),
        "ssd_assessment_factors": rows(
            "cinf_assessment_id cinf_assessment_factors_json", 'S1|["3A", "16A"]', 'S3|["4B"]'
        ),
        "ssd_s47_enquiry": rows(
            "s47e_s47_enquiry_id s47e_person_id s47e_referral_id s47e_s47_start_date",
            "Q1|N|RN3|2024-06-03",
            "Q2|B|RB|2024-05-01",
        ),
        "ssd_initial_cp_conference": rows(
            "icpc_icpc_id icpc_person_id icpc_s47_enquiry_id icpc_referral_id icpc_icpc_transfer_in icpc_icpc_date",
            "I1|N|Q1|RN3|N|2024-06-20",
            "I2|B||RB|Y|2024-05-08",
        ),
        "ssd_cp_plans": rows(
            "cppl_cp_plan_id cppl_person_id cppl_cp_plan_start_date cppl_cp_plan_end_date cppl_cp_plan_ola",
            "K1|N|2024-06-20||N",
            "K2|N|2023-01-01|2023-08-30|N",
        ),
        "ssd_cp_reviews": rows(
            "cppr_cp_plan_id cppr_person_id cppr_cp_review_date",
            "K1|N|2024-09-10",
            "K1|N|2025-02-10",
            "K1|N|2025-04-20",
        ),
    }


def write_sqlite(path: Path, rows_of: Tables, written: Written = SPECIFICATION) -> str:
    """Writes the warehouse as a SQLite database, every row twice, and returns its URL."""
    database = sqlite3.connect(path)
    for table, held in rows_of.items():
        own = written.columns(held[0])
        database.execute(f"CREATE TABLE {written.prefix}{table} ({', '.join(own.values())})")
        for row in held * 2:
            values = [written.value(name, row[name]) for name in own]
            database.execute(f"INSERT INTO {written.prefix}{table} VALUES ({', '.join('?' for _ in values)})", values)
    if written is MOSAIC:
        database.execute("CREATE TABLE council_ssd_cin_plans (cin_plan_id)")
    database.commit()
    database.close()
    return f"sqlite:///{path}"


def returns() -> dict[str, str | bytes]:
    """The same children as the returns of 2023 to 2025, by file."""
    header = {
        "A": csv.child("A", "2", "15/06/2012"),
        "B": csv.child("B", "1", "01/02/2013", "BCRB"),
        "C": csv.child("C", "1", "01/01/2010"),
        "D": csv.child("D", "2", "01/01/2014", "AIND"),
        "E": csv.child("E", "2", "05/05/2011"),
        "F": csv.child("F", "1", "03/03/2020", "MWBC"),
        "L": csv.child("L", "1", "09/09/2005"),
    }
    a = csv.episode("A", "01/05/2020")
    c = "C", "10/01/2022"
    e = csv.episode("E", "01/02/2019", post="ZZ1 6ZZ")
    f = csv.episode("F", "01/01/2021", place="U5", post="ZZ1 8ZZ")
    looked_after: dict[str, str | bytes] = {
        "2023/h.csv": csv.csv_text(csv.HEADER, *(header[who] for who in "ACEFL")),
        "2023/e.csv": csv.csv_text(
            csv.EPISODES,
            a,
            csv.episode(*c, ls="V2", post="ZZ1 4ZZ"),
            e,
            f,
            csv.episode("L", "01/01/2018", post="ZZ1 9ZZ"),
        ),
        "2024/h.csv": csv.csv_text(csv.HEADER, *(header[who] for who in "ACEFL")),
        "2024/e.csv": csv.csv_text(
            csv.EPISODES,
            a,
            csv.episode(*c, ls="V2", post="ZZ1 4ZZ"),
            e,
            csv.episode("F", "01/01/2021", "01/06/2023", place="U5", post="ZZ1 8ZZ", rec="X1"),
            csv.episode("F", "01/06/2023", "01/02/2024", rne="L", ls="E1", place="U5", post="ZZ1 8ZZ", rec="X1"),
            csv.episode("F", "01/02/2024", rne="T", ls="E1", place="A5", post="ZZ1 8ZZ"),
            csv.episode("L", "01/01/2018", "09/09/2023", post="ZZ1 9ZZ", rec="E5"),
        ),
        "2024/o.csv": csv.csv_text(csv.OC2, "A,,20,,0,0,1,0,0,0,0,", "C,,,,0,0,0,0,0,0,0,", "E,,,,0,0,0,0,1,0,0,"),
        "2024/m.csv": csv.csv_text(csv.MISSING),
        "2025/h.csv": csv.csv_text(csv.HEADER, *header.values()),
        "2025/e.csv": csv.csv_text(
            csv.EPISODES,
            a,
            csv.episode("B", "01/05/2024", "01/06/2024", ls="V2", place="U6", post="ZZ1 2ZZ", urn="SC000002", rec="X1"),
            csv.episode(
                "B", "01/06/2024", "01/09/2024", rne="L", ls="C1", place="U6", post="ZZ1 2ZZ", urn="SC000002", rec="X1"
            ),
            csv.episode(
                "B", "01/09/2024", "10/01/2025", rne="P", ls="C1", place="K2", post="ZZ1 3ZZ", urn="SC000003", rec="X1"
            ),
            csv.episode("B", "10/01/2025", rne="B", ls="C2"),
            csv.episode(*c, "01/10/2024", ls="V2", post="ZZ1 4ZZ", rec="E4A"),
            csv.episode("D", "01/07/2024", ls="V4", post="ZZ1 5ZZ"),
            csv.episode("E", "01/02/2019", "01/07/2024", post="ZZ1 6ZZ", rec="X1"),
            csv.episode("E", "01/07/2024", rne="T", post="ZZ1 7ZZ"),
            csv.episode("F", "01/02/2024", "01/12/2024", rne="T", ls="E1", place="A5", post="ZZ1 8ZZ", rec="E12"),
        ),
        "2025/o.csv": csv.csv_text(csv.OC2, "A,,10,,0,0,1,1,1,0,0,", "E,,15,,1,0,0,0,0,1,1,"),
        "2025/l.csv": csv.csv_text(csv.OC3, "L,,YES,F2,U1"),
        "2025/m.csv": csv.csv_text(csv.MISSING, "B,,M,01/11/2024,03/11/2024", "E,,A,30/03/2024,02/04/2024"),
        "2025/s.csv": csv.csv_text(
            csv.SOCIAL_WORKER,
            "B,,SW1,01/05/2024,01/07/2024,",
            "B,,SW2,01/07/2024,01/12/2024,",
            "B,,SW3,01/12/2024,,",
            "A,,SW1,01/01/2023,,",
        ),
        "2025/u.csv": csv.csv_text(csv.UASC, "B,1,01/02/2013,"),
        "2025/ad1.csv": csv.csv_text("CHILD,DOB,DATE_INT,DATE_MATCH,FOSTER_CARE", "F,,01/05/2023,10/01/2024,1"),
        "2024/pa.csv": csv.csv_text("CHILD,DOB,DATE_PLACED,DATE_PLACED_CEASED", "F,,01/05/2023,"),
        "2025/pa.csv": csv.csv_text("CHILD,DOB,DATE_PLACED,DATE_PLACED_CEASED", "F,,01/05/2023,"),
    }
    for year in (2023, 2024):
        looked_after[f"{year}/ad1.csv"] = csv.csv_text("CHILD,DOB,DATE_INT,DATE_MATCH,FOSTER_CARE")
    return looked_after | _censuses()


def _person(born: str, sex: str) -> str:
    return f"<PersonBirthDate>{born}</PersonBirthDate><Sex>{sex}</Sex>"


def _censuses() -> dict[str, str | bytes]:
    known = {
        "A": (_person("2012-06-15", "F"), "WBRI"),
        "B": (_person("2013-02-01", "M"), "BCRB"),
        "N": (_person("2016-07-07", "F"), "OOTH"),
    }

    def one(who: str, *groups: str) -> str:
        identifiers, ethnicity = known[who]
        return child(who, *groups, identifiers=identifiers, ethnicity=ethnicity)

    def closed(day: str, reason: str) -> str:
        return f"<CINclosureDate>{day}</CINclosureDate><ReasonForClosure>{reason}</ReasonForClosure>"

    return {
        "2023/c.xml": message(2023, one("A", details("2020-04-01"))),
        "2024/c.xml": message(
            2024,
            one("A", details("2020-04-01")),
            one(
                "N",
                details(
                    "2023-06-01",
                    assessment("2023-06-02", "2023-08-01"),
                    plan("2023-01-01", "2023-08-30"),
                    more=closed("2023-09-01", "RC8"),
                ),
                details("2024-03-01", nfa="1"),
            ),
        ),
        "2025/c.xml": message(
            2025,
            one("A", details("2020-04-01")),
            one(
                "B",
                details(
                    "2024-04-10",
                    assessment("2024-04-12", "2024-05-20", ["3A", "16A"]),
                    section_47("2024-05-01"),
                    more="<DateOfInitialCPC>2024-05-08</DateOfInitialCPC>",
                ),
            ),
            one(
                "N",
                details(
                    "2024-05-20",
                    assessment("2024-05-21", "2024-09-30", ["4B"]),
                    assessment("2025-03-01"),
                    section_47("2024-06-03", "2024-06-20"),
                    plan("2024-06-20", reviews=["2024-09-10", "2025-02-10"]),
                ),
            ),
        ),
    }
