"""Provisional and final: releases over returns that were revised in between, combined into one figure.

Councils answer a provisional collection and, over corrected returns, a final one; each is paid for in full (privacy
reference 3.4). The figure to publish is the inverse-variance combination of the two, which is post-processing: the
earlier release enters as one more measurement of each council's sums, the council having declared the same files both
times, and of each group's, made of the same councils both times. What the revision changed then pulls the figure back
by the share of precision that the provisional release has. So combine where revisions are small beside the noise; the
publication says that it did.
"""

from __future__ import annotations

from collections.abc import Sequence

from coordinator.errors import UsageProblem
from coordinator.estimates.returned import Answers
from frameworks.collection import Collection


def check_revised(final: Collection, earlier: Sequence[Answers]) -> None:
    """Raises UsageProblem where an earlier collection is not over the same returns, or does not count the same."""
    for answers in earlier:
        collection = answers.collection
        if (collection.framework_digest, collection.reference_year) != (final.framework_digest, final.reference_year):
            raise UsageProblem(
                f"{collection.id} is of another framework, framework version or reference year than {final.id}.",
                "Combine only collections over the same returns that count the same; leave out --with.",
            )
    ids = [final.id, *(answers.collection.id for answers in earlier)]
    if len(set(ids)) != len(ids):
        raise UsageProblem("A collection is to be combined with itself.", "Name each collection once.")
