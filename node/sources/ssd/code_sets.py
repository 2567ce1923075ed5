"""The code sets of the returns with the descriptions that case systems store in place of codes.

Codes: returns reference 2.1 and 3. Descriptions are facts of the Department for Education's code sets (guides to the
SSDA903 and to the children in need census; specification of the SSD), shortened where case systems shorten them.
"""

from __future__ import annotations

from collections.abc import Mapping

from node.sources.characteristics import ETHNICITY_CODES, SEX_CODES
from node.sources.ssda903_columns import END_REASONS, LEGAL_STATUSES, PLACES

Labels = Mapping[str, tuple[str, ...]]


def _labels(text: str, *bare: str) -> Labels:
    """Codes with their descriptions, a line each: `code: description | another`; `bare` are codes without any."""
    known: dict[str, tuple[str, ...]] = {code: () for code in sorted(bare)}
    for line in text.strip().splitlines():
        code, _, labels = line.strip().partition(": ")
        known[code] = tuple(label.strip() for label in labels.split(" | "))
    return known


START_REASON = _labels("""
    S: Started to be looked after
    L: Change of legal status only | Legal status change only | Change of legal status
    P: Change of placement and carer(s) only | Change of placement and carer(s) | Change of placement only
    T: Change of placement (but same carer(s)) only | Change of placement but same carer(s)
    B: Change of legal status and placement and carer(s) at the same time | Change of both legal status and placement
    U: Change of legal status and change of placement (but same carer(s)) at the same time
""")

END_REASON = _labels(
    """
    X1: Episode ceases, and new episode begins on same day, for any reason | Episode ceases and new episode begins
    E11: Adopted - application for an adoption order unopposed | Adopted - application unopposed
    E12: Adopted - consent dispensed with by the court | Adopted - consent dispensed with
    E2: Died
    E3: Care taken over by another local authority in the UK | Care taken over by another LA in the UK
    E4A: Returned home to live with parent(s), relative(s), or other person(s) with parental responsibility as part \
of the care planning process | Returned home to live with parent(s), relative(s), or other person(s) with parental \
responsibility as part of the care planning process (not under a special guardianship order or residence order or \
(from 22 April 2014) a child arrangement order) | Returned home to live with parent(s), relative(s), or other \
person(s) with parental responsibility as part of the current care planning process
    E4B: Returned home to live with parent(s), relative(s), or other person(s) with parental responsibility which was \
not part of the current care planning process | Returned home to live with parent(s), relative(s), or other person(s) \
with parental responsibility which was not part of the current care planning process (not under a special \
guardianship order or residence order or (from 22 April 2014) a child arrangement order)
    E13: Left care to live with parent(s), relative(s), or other person(s) with no parental responsibility
    E41: Residence order (or, from 22 April 2014, a child arrangement order which sets out with whom the child is to \
live) granted | Residence order (or, from 22 April 2014, a child arrangement order) granted | Residence order granted \
| Child arrangements order granted | Residence order or child arrangements order granted
    E43: Special guardianship made to former foster carers | Special guardianship order made to former foster carers
    E44: Special guardianship made to carers other than former foster carers | Special guardianship order made to \
carers other than former foster carers
    E45: Special guardianship order made to former foster carer(s), who was/are a relative(s) or friend(s)
    E46: Special guardianship order made to former foster carer(s), other than relative(s) or friend(s)
    E47: Special guardianship order made to carer(s), other than former foster carer(s), who was/are a relative(s) or \
friend(s)
    E48: Special guardianship order made to carer(s), other than former foster carer(s), other than relative(s) or \
friend(s)
    E5: Moved into independent living arrangement and no longer looked after: supportive accommodation providing \
formalised advice/support arrangements | Moved into independent living arrangement and no longer looked after: \
supportive accommodation providing formalised advice/support arrangements (such as most hostels, young men's \
Christian association, foyers, staying close and care leavers projects). Includes both children leaving care before \
and at age 18 | Moved into independent living (with supportive accommodation)
    E6: Moved into independent living arrangement and no longer looked after: accommodation providing no formalised \
advice/support arrangements | Moved into independent living arrangement and no longer looked after: accommodation \
providing no formalised advice/support arrangements (such as bedsit, own flat, living with friend(s)). Includes both \
children leaving care before and at age 18 | Moved into independent living (with no formalised support)
    E7: Transferred to residential care funded by adult social care services | Transferred to residential care funded \
by adult social services
    E8: Period of being looked after ceased for any other reason (where none of the other reasons apply) | Period of \
being looked after ceased for any other reason | Care ceased for any other reason
    E9: Sentenced to custody
    E14: Accommodation on remand ended
    E15: Age assessment determined child is aged 18 or over and E5, E6 and E7 do not apply, such as an unaccompanied \
asylum-seeking child (UASC) whose age has been disputed | Age assessment determined child is aged 18 or over and E5, \
E6 and E7 do not apply
    E16: Child moved abroad | Moved abroad
    E17: Aged 18 (or over) and remained with current carers (inc under staying put arrangements) | Aged 18 or over \
and remained with current carers
""",
    *END_REASONS,
)

LEGAL_STATUS = _labels(
    """
    C1: Interim care order | ICO
    C2: Full care order | Care order
    D1: Freeing order granted | Freeing order
    E1: Placement order granted | Placement order
    V2: Single period of accommodation under section 20 (Children Act 1989) | Single period of accommodation under \
section 20 | Accommodated under section 20 | Section 20 | S20
    V3: Accommodated under an agreed series of short-term breaks, when individual episodes of care are recorded
    V4: Accommodated under an agreed series of short-term breaks, when agreements are recorded (NOT individual \
episodes of care) | Accommodated under an agreed series of short-term breaks, when agreements are recorded
    L1: Under police protection and in local authority accommodation | Police protection | Under police protection
    L2: Emergency protection order (EPO) | Emergency protection order | EPO
    L3: Under child assessment order and in local authority accommodation | Child assessment order
    J1: Remanded to local authority accommodation or to youth detention accommodation
    J2: Placed in local authority accommodation under the Police and Criminal Evidence Act 1984, including secure \
accommodation, not necessarily where child would be detained
    J3: Sentenced to Youth Rehabilitation Order (Criminal Justice and Immigration Act 2008 as amended by Legal Aid, \
Sentencing and Punishment of Offenders Act 2012 with residence or intensive fostering requirement) | Sentenced to \
Youth Rehabilitation Order
""",
    *LEGAL_STATUSES,
)

PLACEMENT = _labels(
    """
    A3: Placed for adoption with parental/guardian consent with current foster carer(s) | Placed for adoption with \
consent with current foster carer(s)
    A4: Placed for adoption with parental/guardian consent not with current foster carer(s) | Placed for adoption \
with consent not with current foster carer(s)
    A5: Placed for adoption with placement order with current foster carer(s)
    A6: Placed for adoption with placement order not with current foster carer(s)
    H5: Semi-independent living accommodation not subject to children's homes regulations
    K1: Secure children's homes | Secure unit
    K2: Children's homes subject to children's homes regulations | Children's homes
    K3: Registered supported accommodation | Supported accommodation
    P1: Placed with own parent(s) or other person(s) with parental responsibility
    P2: Independent living for example in a flat, lodgings, bedsit, bed and breakfast (B&B) or with friends, with or \
without formal support | Independent living e.g. in a flat/ lodgings, bedsit, B&B or with friends, with or without \
formal support | Independent living
    P3: Residential employment
    R1: Residential care home
    R2: National Health Service (NHS)/health trust or other establishment providing medical or nursing care | \
NHS/health trust or other establishment providing medical or nursing care
    R3: Family centre or mother and baby unit
    R5: Young offender institution (YOI) | Young offender institution | Young offender institution or prison
    S1: All residential schools, except where dual-registered as a school and children's home | Residential school
    T0: All types of temporary move (see paragraphs above for further details) | All types of temporary move
    T1: Temporary periods in hospital
    T2: Temporary absences of the child on holiday
    T3: Temporary accommodation whilst normal foster carer(s) is/are on holiday
    T4: Temporary accommodation of seven days or less, for any reason, not covered by codes T1 to T3
    U1: Foster placement with relative(s) or friend(s) - long term fostering
    U2: Fostering placement with relative(s) or friend(s) who is/are also an approved adopter(s) - fostering for \
adoption /concurrent planning | Foster placement with relative(s) or friend(s) who is/are also an approved adopter(s) \
- FFA/ concurrent planning
    U3: Fostering placement with relative(s) or friend(s) who is/are not long-term or fostering for adoption \
/concurrent planning | Foster placement with relative(s) or friend(s) - not long term or FFA/ concurrent planning
    U4: Foster placement with other foster carer(s) - long term fostering
    U5: Foster placement with other foster carer(s) who is/are also an approved adopter(s) - fostering for adoption \
/concurrent planning | Foster placement with other foster carer(s) who is/are also an approved adopter(s) - FFA/ \
concurrent planning
    U6: Foster placement with other foster carer(s) - not long term or fostering for adoption /concurrent planning | \
Foster placement with other foster carer(s) - not long term or FFA/ concurrent planning
    Z1: Other placements (must be listed on a schedule sent to DfE with annual submission) | Other placements
""",
    *PLACES,
)

ETHNICITY = _labels(
    """
    WBRI: White British | British | White - British | White - English/Welsh/Scottish/Northern Irish/British
    WIRI: White Irish | Irish
    WOTH: Any other White background | Other White background | White - Other
    WIRT: Traveller of Irish heritage | White - Traveller of Irish heritage
    WROM: Gypsy/Roma | White - Gypsy/Roma
    MWBC: White and Black Caribbean | Mixed - White and Black Caribbean
    MWBA: White and Black African | Mixed - White and Black African
    MWAS: White and Asian | Mixed - White and Asian
    MOTH: Any other Mixed background | Other Mixed background
    AIND: Indian | Asian or Asian British - Indian
    APKN: Pakistani | Asian or Asian British - Pakistani
    ABAN: Bangladeshi | Asian or Asian British - Bangladeshi
    AOTH: Any other Asian background | Other Asian background
    CHNE: Chinese | Asian or Asian British - Chinese
    BCRB: Caribbean | Black Caribbean | Black or Black British - Caribbean
    BAFR: African | Black African | Black or Black British - African
    BOTH: Any other Black background | Other Black background
    OOTH: Any other ethnic group | Any other ethnic background | Other ethnic group
    REFU: Refused | Declined to say
    NOBT: Information not yet obtained | Information not obtained | Not obtained | Not stated
""",
    *ETHNICITY_CODES,
)

SEX = _labels("M: Male\nF: Female\nU: Unknown | Indeterminate | Not stated", *SEX_CODES)

CLOSURE_REASON = _labels("""
    RC1: Adopted
    RC2: Died
    RC3: Child arrangements order | Residence order
    RC4: Special guardianship order
    RC5: Transferred to services of another local authority | Transferred to another local authority
    RC6: Transferred to adult social care services | Transferred to adult services
    RC7: Services ceased for any other reason, including child no longer in need | Services ceased for any other reason
    RC8: Case closed after assessment, no further action
    RC9: Case closed after assessment, referred to early help
""")

REFERRAL_SOURCE = _labels("""
    1A: Individual - family member, relative or carer | Family member, relative or carer
    1B: Individual - acquaintance (including neighbours and child minders) | Acquaintance
    1C: Individual - self | Self
    1D: Individual - other (including strangers)
    2A: Schools | School
    2B: Education services
    3A: Health services - general practitioner (GP) | General practitioner | GP
    3B: Health services - health visitor | Health visitor
    3C: Health services - school nurse | School nurse
    3D: Health services - other primary health services | Other primary health services
    3E: Health services - A&E (accident and emergency department) | A&E
    3F: Health services - other (for example hospice)
    4: Housing - local authority housing or housing association | Housing
    5A: LA services - social care for example adults social care services
    5B: LA services - other internal (department other than social care in local authorities, for example, youth \
offending (excluding housing)) | LA services - other internal
    5C: LA services - external, for example, from another local authority's adults social care services | LA services \
- external
    5D: LA services - early help | Early help
    6: Police
    7: Other legal agency - including courts, probation, immigration, CAFCASS (Children and Family Court Advisory and \
Support Service) or prison | Other legal agency
    8: Other - including children's centres, independent agency providers or voluntary organisations
    9: Anonymous
    10: Unknown
""")

DISABILITY = _labels("""
    NONE: No disability | None
    MOB: Mobility
    HAND: Hand function
    PC: Personal care
    INC: Incontinence
    COMM: Communication
    LD: Learning | Learning disability
    HEAR: Hearing
    VIS: Vision
    BEH: Behaviour
    CON: Consciousness
    AUT: Autism | Diagnosed with autism or Asperger syndrome
    DDA: Other | Other disability
""")

ABUSE_CATEGORY = _labels("""
    NEG: Neglect
    PHY: Physical abuse | Physical
    SAB: Sexual abuse | Sexual
    EMO: Emotional abuse | Emotional
    MUL: Multiple/not recommended | Multiple
""")

IN_TOUCH = _labels("""
    YES: Yes - in touch | In touch | Y
    NO: No - not in touch | Not in touch | N
    DIED: Died after leaving care | Died
    REFU: Young person refuses contact | Refuses contact | Refused
    NREQ: Young person no longer requires children's social care services | No longer requires services
    RHOM: Young person returned to live with parents or someone with parental responsibility for a continuous period \
of 6 months or more | Returned home
""")

ACTIVITY = _labels("""
    F1: Young person engaged full time in higher education (for example studies beyond A level)
    P1: Young person engaged part time in higher education (for example studies beyond A level)
    F2: Young person engaged full time in education other than higher education
    P2: Young person engaged part time in education other than higher education
    F3: Young person engaged full time in training or employment
    P3: Young person engaged part time in training or employment
    F4: Young person engaged full time in an apprenticeship
    P4: Young person engaged part time in an apprenticeship
    F5: Young person engaged full time in training or employment (not apprenticeship)
    P5: Young person engaged part time in training or employment (not apprenticeship)
    G4: Young person not in education, employment or training because of illness or disability
    G5: Young person not in education, employment or training: other circumstances
    G6: Young person not in education, employment or training due to pregnancy or parenting
    0: Not in touch with the young person and do not know their activity, or the young person has died, or returned \
home to live with parents or someone with parental responsibility for a continuous period of 6 months or more | Not \
known
""")

_ACCOMMODATION = _labels("""
    B: With parent(s) or relative(s)
    C: Community home or other form of residential care such as an National Health Service (NHS) establishment | \
Community home
    D: Semi-independent, transitional accommodation (like a supported hostel, trainer flats); self-contained \
accommodation with specialist personal assistance support (for example, for young people with disabilities, pregnant \
young women and single parents); and self-contained accommodation with floating support | Semi-independent, \
transitional accommodation
    E: Supported lodgings (accommodation, usually in a family home, where adult(s) in the "host family" provide \
formal advice and support) | Supported lodgings
    G: Gone abroad | Abroad
    H: Deported
    K: Ordinary lodgings, without formal support | Ordinary lodgings
    R: Residence not known
    S: No fixed abode / homeless | No fixed abode
    T: Foyers and similar supported accommodation which combines the accommodation with opportunities for education, \
training or employment | Foyers
    U: Independent living, for example independent tenancy of flat, house or bedsit, including local authority or \
housing association tenancy, or accommodation provided by a college or university. Includes flat sharing | \
Independent living
    V: Emergency accommodation (like a night shelter, direct access or emergency hostel) | Emergency accommodation
    W: Bed and breakfast
    X: In custody | Custody
    Y: Other accommodation
    Z: With former foster carer(s)
    0: Not in touch with the young person and do not know their accommodation, or the young person has died, or \
returned home to live with parents or someone with parental responsibility for a continuous period of 6 months or \
more | Not known
""")
ACCOMMODATION: Labels = {
    **_ACCOMMODATION,
    **{f"{letter}{suitable}": () for letter in _ACCOMMODATION if letter != "0" for suitable in "12"},
}

SUITABILITY = _labels("""
    1: Accommodation is considered suitable | Suitable | Y | Yes
    2: Accommodation is considered unsuitable | Unsuitable | Not suitable | N | No
""")

MISSING_KIND = _labels("""
    M: Missing from care | Missing | Missing episode
    A: Away from placement without authorisation | Away | Away without authorisation | Absent | Absence | \
Unauthorised absence
""")

HEALTH_CHECK = _labels("""
    HEALTH ASSESSMENT: Health assessment | Annual health assessment | Review health assessment | Initial health \
assessment
    DENTAL CHECK: Dental check | Dental | Dentist | Teeth check
    DEVELOPMENT CHECK: Health surveillance check(s) | Health surveillance | Health surveillance or health promotion \
check(s) | Development assessment | Developmental check | Health promotion check(s)
""")

CHECK_STATUS = _labels("""
    COMPLETED: Complete
    PLANNED: Planned
    REFUSED: Refused
    CANCELLED: Canceled
""")

ELIGIBILITY = _labels("""
    RELEVANT: Relevant child
    FORMER RELEVANT: Former relevant child
    ELIGIBLE: Eligible child
    QUALIFYING: Qualifying child | Qualifying care leaver
    NONE: No current eligibility | Not eligible
""")

IMMIGRATION = _labels("UASC: Unaccompanied asylum seeking child(ren) | Unaccompanied asylum seeker")

FLAG = _labels("Y: Yes | True | T | 1\nN: No | False | F | 0")

CODE_SETS: dict[str, Labels] = {
    "start reason": START_REASON,
    "end reason": END_REASON,
    "legal status": LEGAL_STATUS,
    "placement type": PLACEMENT,
    "ethnicity": ETHNICITY,
    "sex": SEX,
    "closure reason": CLOSURE_REASON,
    "referral source": REFERRAL_SOURCE,
    "disability": DISABILITY,
    "category of abuse": ABUSE_CATEGORY,
    "in touch": IN_TOUCH,
    "activity": ACTIVITY,
    "accommodation": ACCOMMODATION,
    "suitability": SUITABILITY,
    "missing": MISSING_KIND,
    "health check": HEALTH_CHECK,
    "status of a check": CHECK_STATUS,
    "eligibility": ELIGIBILITY,
    "immigration status": IMMIGRATION,
    "yes or no": FLAG,
}
"""Every code set by the words in which it is spoken of, descriptions by code."""

SET_OF_COLUMN: dict[str, str] = {
    "pers_sex": "sex",
    "pers_ethnicity": "ethnicity",
    "immi_immigration_status": "immigration status",
    "lega_legal_status": "legal status",
    "cine_referral_nfa": "yes or no",
    "cine_close_reason": "closure reason",
    "icpc_icpc_transfer_in": "yes or no",
    "cppl_cp_plan_ola": "yes or no",
    "clae_cla_episode_start_reason": "start reason",
    "clae_cla_episode_ceased_reason": "end reason",
    "clap_cla_placement_type": "placement type",
    "perm_adopted_by_carer_flag": "yes or no",
    "miss_missing_episode_type": "missing",
    "clah_health_check_type": "health check",
    "clah_health_check_status": "status of a check",
    "clai_immunisations_status": "yes or no",
    "clas_intervention_received": "yes or no",
    "voch_explained_worries": "yes or no",
    "voch_story_help_understand": "yes or no",
    "voch_agree_worker": "yes or no",
    "voch_plan_safe": "yes or no",
    "voch_tablet_help_explain": "yes or no",
    "clea_care_leaver_eligibility": "eligibility",
    "clea_care_leaver_in_touch": "in touch",
    "clea_care_leaver_accommodation": "accommodation",
    "clea_care_leaver_accom_suitable": "suitability",
    "clea_care_leaver_activity": "activity",
}
"""The code set of each column that is read and holds codes."""
