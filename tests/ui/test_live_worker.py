import threading

import numpy as np
import pytest

from ui.live.worker import WORKER, BusyError, Worker, pictures
from vae.checkpoints import CheckpointError, load_model, read_card
from vae.latent import decode, encode, to_uint8
from vae.models import ModelConfig, build_model

pytest_plugins = ["tests.ui.fixtures"]

CONFIG = ModelConfig((1, 8, 8), 2, family="mlp", width=8)


def test_it_decodes_what_the_library_decodes(two_models):
    card = read_card(two_models / "beta")
    z = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)
    expected = to_uint8(decode(load_model(card), z))
    z.setflags(write=False)
    np.testing.assert_array_equal(WORKER.decode(card.id, z).result(), expected)


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
def test_it_encodes_what_the_library_encodes(kind):
    model = build_model(ModelConfig((3, 8, 10), 2, family="mlp", width=8, kind=kind))
    worker = Worker(lambda _: model)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    mean, log_var = encode(model, pixels.transpose(2, 0, 1)[None])
    codes = worker.encode("a", pixels).result()
    np.testing.assert_array_equal(codes[0], mean[0])
    assert len(codes) == (1 if kind == "autoencoder" else 2)
    if kind == "vae":
        np.testing.assert_array_equal(codes[1], log_var[0])


def test_pictures_in_pieces_are_the_same_pictures():
    worker = Worker(lambda _: build_model(CONFIG))
    z = np.random.default_rng(0).standard_normal((9000, 2)).astype(np.float32)
    whole = worker.decode("a", z).result()
    np.testing.assert_array_equal(pictures(worker, "a", z, 64), whole)


def test_a_model_is_loaded_once_and_the_oldest_is_dropped():
    loaded = []

    def load(name):
        loaded.append(name)
        return build_model(CONFIG)

    worker = Worker(load)
    z = np.zeros((1, 2), np.float32)
    for name in ["a", "a", *"bcdefgh", "a", "i", "a", "b"]:
        worker.decode(name, z).result()
    assert loaded == [*"abcdefghi", "b"]


def test_errors_reach_who_asked_and_the_thread_goes_on(two_models):
    with pytest.raises(CheckpointError, match="no longer on the shelf"):
        WORKER.decode("00" * 32, np.zeros((1, 3))).result()
    card = read_card(two_models / "alpha")
    with pytest.raises(ValueError, match="z has shape"):
        WORKER.decode(card.id, np.zeros((1, 99))).result()
    with pytest.raises(ValueError, match="pictures at once"):
        WORKER.decode(card.id, np.zeros((1_000_000, 3))).result()
    assert WORKER.decode(card.id, np.zeros((1, 3))).result().shape == (1, 8, 8, 1)


def test_a_live_picture_goes_before_many_small_ones():
    gate, done = threading.Event(), []

    def load(_):
        gate.wait(10)
        return build_model(CONFIG)

    worker = Worker(load)
    z = np.zeros((1, 2), np.float32)
    worker.decode("a", z)  # keeps the thread busy
    for name, patience in (("small", 5), ("small", 5), ("live", 0)):
        future = worker.decode("a", z, patience=patience)
        future.add_done_callback(lambda _, name=name: done.append(name))
    gate.set()
    future = worker.decode("a", z, patience=5)
    assert future.result(10).shape == (1, 8, 8, 1)
    assert done == ["live", "small", "small"]


def test_it_holds_only_so_many_requests():
    gate = threading.Event()

    def load(_):
        gate.wait(10)
        return build_model(CONFIG)

    worker = Worker(load, waiting=2)
    z = np.zeros((1, 2), np.float32)
    futures = []
    with pytest.raises(BusyError):
        for _ in range(4):
            futures.append(worker.decode("a", z))
    gate.set()
    assert all(future.result(10).shape == (1, 8, 8, 1) for future in futures)
