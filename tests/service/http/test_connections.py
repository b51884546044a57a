"""The table of connections: whose place is taken when there are too many, and whose time is up."""

from __future__ import annotations

import pytest

from extender.service.http.connections import Connections, Phase
from extender.service.refusals import Closed


class Client:
    """Whether its connection was closed on it."""

    def __init__(self, table):
        self.closed = False
        self.connection = table.admit(self.abort)

    def abort(self):
        self.closed = True


@pytest.fixture
def told():
    return []


@pytest.fixture
def table(clock, told):
    return Connections(clock, told.append, most=3, most_bytes=100)


@pytest.fixture
def client(table, clock):
    """Connects a client that is in a phase for some seconds."""

    def connect(phase, seconds=0.0):
        made = Client(table)
        if made.connection is not None:
            table.enter(made.connection, phase)
            made.connection.since -= seconds
        return made

    return connect


@pytest.mark.parametrize("phase", [Phase.HANDSHAKE, Phase.SILENT, Phase.HEADERS, Phase.BODY])
def test_whoever_has_not_sent_a_request_goes_first(client, told, phase):
    """The one that has waited longest; never one that is being answered."""
    answering, idle = client(Phase.ANSWER, 100), client(Phase.IDLE, 90)
    slow = client(phase, 1)
    new = client(Phase.SILENT)
    assert (slow.closed, idle.closed, answering.closed) == (True, False, False)
    assert new.connection is not None
    assert told == [Closed.LIMIT]


def test_then_whoever_was_idle_longest(client):
    """kube-scheduler, which asks all the time, was not."""
    old, fresh, _answering = client(Phase.IDLE, 90), client(Phase.IDLE, 1), client(Phase.ANSWER)
    assert client(Phase.SILENT).connection is not None
    assert (old.closed, fresh.closed) == (True, False)


def test_if_all_are_being_answered_the_new_one_goes(client, told):
    """A request that has come is never given up."""
    others = [client(Phase.ANSWER, 100) for _ in range(3)]
    assert client(Phase.SILENT).connection is None
    assert not any(other.closed for other in others)
    assert told == [Closed.LIMIT]


def test_a_closed_connection_gives_its_place_back(client, table):
    first = client(Phase.ANSWER)
    others = [client(Phase.ANSWER) for _ in range(2)]
    table.forget(first.connection)
    assert client(Phase.SILENT).connection is not None
    assert not any(other.closed for other in others)


@pytest.mark.parametrize(
    ("phase", "seconds", "why"),
    [
        (Phase.SILENT, 29, None),
        (Phase.SILENT, 31, Closed.SILENT),
        (Phase.HEADERS, 4.9, None),
        (Phase.HEADERS, 5.1, Closed.SLOW_HEADERS),
        (Phase.IDLE, 230, None),
        (Phase.IDLE, 241, Closed.STUCK),
        (Phase.ANSWER, 10_000, None),
        (Phase.BODY, 10_000, None),
    ],
)
def test_whose_time_is_up(client, table, phase, seconds, why):
    """Bodies have a clock of their own; answers take what they take."""
    made = client(phase, seconds)
    assert table.overdue() == ([] if why is None else [(made.connection, why)])


def test_the_time_for_headers_begins_with_the_first_byte(client, table, clock):
    """More bytes give no more time."""
    made = client(Phase.SILENT)
    clock.now += 20
    table.received(made.connection)
    clock.now += 4
    table.received(made.connection)
    clock.now += 2
    assert [why for _, why in table.overdue()] == [Closed.SLOW_HEADERS]


def test_too_many_bytes_of_bodies_cost_the_oldest_its_place(client, table, told):
    """A client alone may send what its verb allows."""
    slow, quick = client(Phase.BODY, 5), client(Phase.BODY)
    table.received_body(slow.connection, 90)
    table.received_body(quick.connection, 10)
    assert told == []
    table.received_body(quick.connection, 1)
    assert (slow.closed, quick.closed) == (True, False)
    table.received_body(quick.connection, 1000)
    assert not quick.closed
