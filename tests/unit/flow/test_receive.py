"""Who may open an association: by AE title and address, names remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from node.domain.caller import Refusal
from node.domain.facility import Peer, PeerKind, Service
from node.domain.route import Registry
from node.errors import CallerRefused
from node.flow.hosts import HostNames, plain
from node.flow.receive import Admission, find_caller
from tests.unit.flow.station import Station

NAMES = {"ct.example": frozenset({"192.0.2.7", "2001:db8::7"})}


def resolve(host: str) -> frozenset[str]:
    return NAMES.get(host, frozenset()) if host.endswith(".example") else frozenset({plain(host)})


def a_peer(code: str, **settings: object) -> Peer:
    given = Peer(code, PeerKind.DICOM, "bv", ae_title="CR1")
    return replace(given, **settings)  # type: ignore[arg-type]


def found(address: str, *peers: Peer, title: str = "CR1", unknown: bool = False) -> str | None:
    registry = Registry(1, peers=peers, accept_unknown_callers=unknown)
    peer = find_caller(registry, title, address, resolve)
    return peer.code if peer else None


ROOMS = (a_peer("room1", host="192.0.2.1"), a_peer("room2", host="192.0.2.2"), a_peer("ct", host="ct.example"))


@pytest.mark.parametrize(
    ("address", "code"),
    [("192.0.2.1", "room1"), ("192.0.2.2", "room2"), ("192.0.2.7", "ct"), ("2001:db8::7", "ct")],
)
def test_one_title_at_several_stations_is_told_apart_by_address(address: str, code: str) -> None:
    assert found(address, *ROOMS) == code


def test_one_without_an_address_stands_for_all_others() -> None:
    assert found("192.0.2.99", *ROOMS, a_peer("anywhere")) == "anywhere"
    assert found("192.0.2.2", a_peer("anywhere"), *ROOMS) == "room2"


@pytest.mark.parametrize(
    ("address", "title", "peers", "refusal"),
    [
        ("192.0.2.1", "CR2", ROOMS, Refusal.NOT_REGISTERED),
        ("192.0.2.1", "", ROOMS, Refusal.NOT_REGISTERED),
        ("192.0.2.99", "CR1", ROOMS, Refusal.OTHER_ADDRESS),
        ("192.0.2.1", "CR1", (a_peer("lost", host="lost.example"),), Refusal.UNRESOLVED),
        ("192.0.2.1", "CR1", (a_peer("lost", host="lost.example"), ROOMS[1]), Refusal.OTHER_ADDRESS),
        ("192.0.2.1", "CR1", (a_peer("hub", kind=PeerKind.NODE),), Refusal.NOT_DICOM),
    ],
)
def test_others_are_refused_with_the_reason(
    address: str, title: str, peers: tuple[Peer, ...], refusal: Refusal
) -> None:
    with pytest.raises(CallerRefused) as caught:
        found(address, *peers, title=title)
    assert caught.value.fault == refusal
    assert caught.value.hint


def test_unknown_titles_are_let_in_for_demonstrations_but_not_known_ones_from_elsewhere() -> None:
    assert found("192.0.2.9", *ROOMS, title="NEW", unknown=True) is None
    with pytest.raises(CallerRefused):
        found("192.0.2.9", *ROOMS, unknown=True)


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:0DB8::0007", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("CT.Example", "ct.example"),
    ],
)
def test_an_address_has_one_form(written: str, short: str) -> None:
    assert plain(written) == short


def test_what_was_called_and_who_it_is_are_kept_with_the_arrival(make_station: Callable[..., Station]) -> None:
    station = make_station()
    admitted = Admission(station.node, resolve)("CT1", "EMERGENCY", "::ffff:192.0.2.7")
    assert (admitted.arrival.peer, admitted.arrival.called_ae) == ("ct", "EMERGENCY")
    assert admitted.services == {Service.STORE}


class NameServer:
    """Answers or not, and counts."""

    def __init__(self) -> None:
        self.now, self.asked = 0.0, 0
        self.answer: frozenset[str] = frozenset({"192.0.2.7"})
        self.fails = False
        self.waiting: list[Callable[[], None]] = []
        self.names = HostNames(self.ask, lambda: self.now, self.waiting.append)

    def ask(self, host: str) -> frozenset[str]:
        self.asked += 1
        if self.fails:
            raise OSError
        return self.answer


def test_a_host_name_is_not_looked_up_for_each_association() -> None:
    server = NameServer()
    assert [server.names.addresses("ct") for _ in range(3)] == [frozenset({"192.0.2.7"})] * 3
    assert server.asked == 1
    assert server.names.addresses("192.0.2.9") == frozenset({"192.0.2.9"})
    assert server.asked == 1


def test_an_old_answer_serves_while_the_new_one_is_asked_for() -> None:
    server = NameServer()
    server.names.addresses("ct")
    server.now, server.answer = 100.0, frozenset({"192.0.2.8"})
    assert server.names.addresses("ct") == frozenset({"192.0.2.7"})
    assert server.names.addresses("ct") == frozenset({"192.0.2.7"})
    assert server.asked == 1
    (work,) = server.waiting
    work()
    assert server.names.addresses("ct") == frozenset({"192.0.2.8"})


def test_a_name_server_that_is_away_takes_no_known_address_away() -> None:
    server = NameServer()
    server.names.addresses("ct")
    server.now, server.fails = 100.0, True
    server.names.addresses("ct")
    server.waiting.pop()()
    assert server.names.addresses("ct") == frozenset({"192.0.2.7"})


def test_a_name_without_an_address_is_asked_for_again_soon() -> None:
    server = NameServer()
    server.fails = True
    assert server.names.addresses("ct") == frozenset()
    assert server.names.addresses("ct") == frozenset()
    assert server.asked == 1
    server.now, server.fails = 11.0, False
    assert server.names.addresses("ct") == frozenset({"192.0.2.7"})
