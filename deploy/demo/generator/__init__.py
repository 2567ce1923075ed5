"""Made-up councils with consistent life histories, written as the returns that councils make.

Nothing here describes a real child: lives are drawn at random around a council's published rates.
"""

from deploy.demo.generator.council_rates import Council, all_councils, choose_councils, council_like_england
from deploy.demo.generator.returns_writer import write_returns

__all__ = ["Council", "all_councils", "choose_councils", "council_like_england", "write_returns"]
