import threading

import numpy as np
import pytest
from starlette.applications import Starlette

from tests.ui.clients import TestClient
from ui.live.tables import Tables, table_route
from ui.live.tokens import SIGNER

POINTS = np.arange(12, dtype=np.float32).reshape(6, 2)


@pytest.fixture
def tables():
    made = Tables(most=2)
    made.offer("k1", "alpha", {"points": lambda: POINTS, "label": lambda: np.arange(6, dtype="u1")})
    return made


@pytest.fixture
def client(tables):
    return TestClient(Starlette(routes=[table_route(tables)]))


def bearer(*checkpoints, **settings):
    return {"authorization": f"Bearer {SIGNER.sign(checkpoints, **settings)}"}


def test_a_column_comes_as_its_own_bytes(client):
    answer = client.get("/api/table/k1/points", headers=bearer("alpha"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content == POINTS.tobytes()
    assert client.get("/api/table/k1/label", headers=bearer("alpha")).content == bytes(range(6))


def test_a_column_that_is_no_single_block_comes_in_its_order(tables, client):
    tables.offer("k2", "alpha", {"points": lambda: POINTS[::-1, ::-1]})
    answer = client.get("/api/table/k2/points", headers=bearer("alpha"))
    assert answer.content == np.ascontiguousarray(POINTS[::-1, ::-1]).tobytes()


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (dict, 401),
        (lambda: {"authorization": "Bearer guess"}, 401),
        (lambda: bearer("alpha", lifetime=-1), 401),
        (lambda: bearer("beta"), 404),
    ],
)
def test_it_is_only_for_who_may_see_the_model(client, make, status):
    # Made now: a token lives for ten minutes, and tests are collected before the first one runs.
    assert client.get("/api/table/k1/points", headers=make()).status_code == status


@pytest.mark.parametrize("path", ["k1/secret", "k9/points", "k1/", "../k1/points"])
def test_what_is_not_there_is_not_found(client, path):
    assert client.get(f"/api/table/{path}", headers=bearer("alpha")).status_code == 404


def test_the_table_that_nobody_looked_at_for_longest_goes(tables):
    tables.offer("k2", "alpha", {})
    tables.offer("k1", "alpha", {})  # it is known, and looked at again
    tables.offer("k3", "alpha", {})
    assert tables.owner("k2") is None
    assert tables.owner("k1") == tables.owner("k3") == "alpha"
    np.testing.assert_array_equal(tables.column("k1", "points"), POINTS)


def test_a_column_is_made_once_however_many_ask():
    made, go = [], threading.Event()

    def slow():
        go.wait(10)
        made.append(1)
        return POINTS

    tables = Tables()
    tables.offer("k", "alpha", {"points": slow})
    threads = [threading.Thread(target=tables.column, args=("k", "points")) for _ in range(8)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert made == [1]
