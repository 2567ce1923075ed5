"""A council that has been offered a collection of every kind of indicator and both modes, for tests of the preview."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from frameworks.collection import Collection
from frameworks.model import DataType, Framework
from frameworks.plan import ReleaseRequest, compile_plan
from frameworks.shares import SecureTerms
from node.config import NodeConfig
from node.identity import IdentityFiles, ensure_keys, write_private
from node.offers import Offer
from tests.node.coordinator_peer import COORDINATOR_PUBLIC_KEY, offered
from tests.node.small_release import FRAMEWORK, collection_of, policy_of

PROXIES = FRAMEWORK.model_copy(
    update={
        "indicators": tuple(
            one.model_copy(update={"data_type": DataType.PROXY, "proxy_for": "being well"})
            if one.id == "healthy"
            else one
            for one in FRAMEWORK.indicators
        )
    }
)
INDICATORS = ("children", "healthy", "odd_score", "absence", "mood", "responded", "returned", "settled")
HEADLINES = ReleaseRequest(
    id="headlines", mode="council", indicators=INDICATORS, breakdowns=("sex",), rho_units=10_000_000_000
)
NATIONAL = ReleaseRequest(
    id="national",
    mode="secure",
    indicators=("children", "healthy"),
    breakdowns=("sex", "age_band"),
    rho_units=5_000_000_000,
    secure=SecureTerms(groups="england", largest_group=150, max_dropped=3, max_colluding=0),
)
SECOND = ReleaseRequest(id="second", mode="council", indicators=("helped",), rho_units=20_000_000_000)
DECLARED = ("ssda903@2025", "feedback.answers@2025", "feedback.invitations@2025")


def offer_of(*requests: ReleaseRequest, framework: Framework = PROXIES, **changes: Any) -> Offer:
    """A collection of these releases (headlines and national unless given), compiled."""
    collection = collection_of(*(requests or (HEADLINES, NATIONAL)), **changes)
    plans = (compile_plan(framework, collection.id, 2025, request) for request in collection.releases)
    return Offer(collection, framework, tuple(plans))


def config_of(
    state: Path, *, council_name: str = "Testshire", returns: Path | None = None, **policy: Any
) -> NodeConfig:
    """The configuration of a council that declares its care returns and a survey."""
    return NodeConfig.model_validate(
        {
            "state": state,
            "council": {"code": "301", "name": council_name},
            "coordinator": {
                "address": "coordinator.example:8443",
                "signing_key": base64.b64encode(COORDINATOR_PUBLIC_KEY).decode(),
            },
            "returns": {"folder": returns or state / "returns", "declared": DECLARED},
            "policy": policy_of(**policy),
        }
    )


def write_node(folder: Path, returns: Path, *collections: Collection) -> Path:
    """Writes node.toml, keys and offered collections of the small framework into a folder; gives node.toml."""
    state = folder / "state"
    ensure_keys(IdentityFiles(state))
    for collection in collections:
        content = offered(collection).SerializeToString(deterministic=True)
        write_private(state / "collections" / f"{collection.id}.envelope", content)
    config = folder / "node.toml"
    config.write_text(
        f"""state = "state"
[council]
code = "301"
name = "Testshire"
[coordinator]
address = "coordinator.example:8443"
signing_key = "{base64.b64encode(COORDINATOR_PUBLIC_KEY).decode()}"
[returns]
folder = '{returns}'
declared = ["ssda903@2025"]
[policy]
frameworks = ["small", "outcomes-2019"]
""",
        encoding="utf-8",
    )
    return config
