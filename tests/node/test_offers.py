"""If these failed, a node would forget what it was offered, or take up an offer that it refused or that was altered."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from node import offers
from node.errors import CoordinatorRefused
from node.offers import OfferBook
from tests.node.coordinator_peer import (
    COORDINATOR_PUBLIC_KEY,
    FOREIGN_KEY,
    collection_message,
    offered,
    signed,
)
from tests.node.small_release import COLLECTION, COLLECTION_ID, FRAMEWORK, NOW, PLAN, collection_of, load_small


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OfferBook:
    """An empty book of a node that has the small framework installed."""
    monkeypatch.setattr(offers, "load_framework", load_small)
    return OfferBook(tmp_path, COORDINATOR_PUBLIC_KEY)


def test_an_offer_holds_the_plans_compiled_here(book: OfferBook) -> None:
    offer = book.keep(offered(COLLECTION))
    assert (offer.collection, offer.framework, offer.plans) == (COLLECTION, FRAMEWORK, (PLAN,))
    assert book.find(COLLECTION_ID) == offer


def test_offers_come_in_the_order_in_which_they_close(book: OfferBook) -> None:
    for name, days in (("late", 60), ("soon", 2), ("between", 30)):
        book.keep(offered(collection_of(id=name, closes_at=NOW + timedelta(days=days))))
    assert [offer.collection.id for offer in book.offers()] == ["soon", "between", "late"]


def test_a_refused_offer_leaves_the_kept_one_as_it_is(book: OfferBook) -> None:
    kept = book.keep(offered(COLLECTION))
    with pytest.raises(CoordinatorRefused):
        book.keep(signed(collection_message(collection_of(reference_year=2024)), key=FOREIGN_KEY))
    assert book.offers() == [kept]


@pytest.mark.parametrize("name", ["framework_id", "framework_version", "releases"])
def test_an_offer_that_lacks_what_makes_a_plan_is_refused(book: OfferBook, name: str) -> None:
    message = collection_message(COLLECTION)
    message.ClearField(name)
    with pytest.raises(CoordinatorRefused):
        book.keep(signed(message))
    assert book.offers() == []


def test_a_kept_offer_is_checked_again_when_it_is_read(book: OfferBook, tmp_path: Path) -> None:
    book.keep(offered(COLLECTION))
    path = tmp_path / f"{COLLECTION_ID}.envelope"
    content = bytearray(path.read_bytes())
    content[content.index(b"headlines")] ^= 1
    path.write_bytes(content)
    assert book.offers() == []
    with pytest.raises(CoordinatorRefused, match="has not been offered"):
        book.find(COLLECTION_ID)


def test_an_upgrade_that_changes_the_framework_drops_offers_of_the_old_one(
    book: OfferBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.keep(offered(COLLECTION))
    upgraded = FRAMEWORK.model_copy(update={"version": "2", "digest": "22" * 32})
    monkeypatch.setattr(offers, "load_framework", lambda _: upgraded)
    assert book.offers() == []
