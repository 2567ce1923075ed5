"""If these failed, a certificate could speak for somebody it was not issued to."""

from __future__ import annotations

import pytest

from protos.identity import Identity, NotAnIdentity, Role, parse_identity


def test_an_identity_survives_the_way_into_a_certificate_and_back() -> None:
    for role in Role:
        assert parse_identity([Identity(role, "301").uri]) == Identity(role, "301")


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["newlyn://council/301", "newlyn://council/302"],
        ["newlyn://council/301", "https://elsewhere.example"],
        ["newlyn://emperor/301"],
        ["newlyn://council/"],
        ["newlyn://council/301/"],
        ["newlyn://council/301\n"],
        ["xnewlyn://council/301"],
        ["newlyn://COUNCIL/301"],
    ],
)
def test_anything_but_exactly_one_name_of_ours_is_no_identity(uris: list[str]) -> None:
    with pytest.raises(NotAnIdentity):
        parse_identity(uris)
