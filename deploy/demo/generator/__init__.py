"""Made-up councils with consistent life histories, written as the returns that councils make.

Nothing here describes a real child: lives are drawn at random around a council's published rates.
"""

from deploy.demo.generator.council_rates import Council, all_councils, choose_councils, council_like_england
from deploy.demo.generator.returns_writer import (
    Files,
    write_education,
    write_families,
    write_feedback,
    write_files,
    write_returns,
)
from deploy.demo.generator.ssd_deployments import DEPLOYMENTS
from deploy.demo.generator.ssd_writer import ssd_files, write_ssd

__all__ = [
    "DEPLOYMENTS",
    "Council",
    "Files",
    "all_councils",
    "choose_councils",
    "council_like_england",
    "ssd_files",
    "write_education",
    "write_families",
    "write_feedback",
    "write_files",
    "write_returns",
    "write_ssd",
]
