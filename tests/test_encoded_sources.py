import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from encoded import encoded

import vae.encoded_sources
from vae.checkpoints import load_codes, load_model, read_card
from vae.cli import main
from vae.data import DataError, load
from vae.encoded_sources import encode_source
from vae.encoding import EncodingCancelledError, encode_dataset
from vae.storage import cache_folder

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def card(shelf):
    return read_card(shelf / "bars-3d")


@pytest.fixture
def encodings(monkeypatch):
    """Count how often images are encoded, not read from the cache."""
    calls, encode = [], vae.encoded_sources.encode_stream

    def counted(*arguments, **named):
        calls.append(arguments)
        return encode(*arguments, **named)

    monkeypatch.setattr(vae.encoded_sources, "encode_stream", counted)
    return calls


def kept():
    folder = cache_folder() / "codes"
    return sorted(folder.iterdir()) if folder.exists() else []


def check_equal(one, other):
    one, other = one.columns(), other.columns()
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert np.array_equal(values, other[name]), name


def save_pictures(folder, n=12):
    folder.mkdir()
    random = np.random.default_rng(0)
    for k in range(n):
        (folder / f"{k:03}.png").write_bytes(encoded(random.integers(0, 256, (8, 8), np.uint8)))
    return folder


def test_shipped_codes_need_no_data(card):
    codes = load_codes(card)
    check_equal(encode_source(card).table, codes.subset(codes.held_out))
    assert not kept()


@pytest.mark.parametrize("kind", ["bars-3d", "bars-3d-autoencoder"])
def test_a_source_is_encoded_once(shelf, bars_file, encodings, kind):
    card = read_card(shelf / kind)
    first, second = encode_source(card, bars_file), encode_source(card, bars_file)
    expected = encode_dataset(load_model(card), load(bars_file, "all"))
    for found in (first, second):
        check_equal(found.table, expected)
        assert found.notes == load(bars_file, "all").preprocessing
    assert len(encodings) == len(kept()) == 1


def test_a_source_by_name_is_kept_by_split(card, encodings):
    test, train = encode_source(card, "digits"), encode_source(card, "digits", split="train")
    assert set(test.table.split) == {"test"} and set(train.table.split) == {"train"}
    check_equal(encode_source(card, "digits").table, test.table)
    assert len(encodings) == len(kept()) == 2


def test_each_model_and_seed_has_its_own(shelf, bars_file, encodings):
    cards = [read_card(shelf / name) for name in ("bars-3d", "bars-3d-autoencoder")]
    tables = [encode_source(card, bars_file).table for card in cards]
    assert not np.array_equal(tables[0].mean, tables[1].mean)
    other = encode_source(cards[0], bars_file, seed=1).table
    assert not np.array_equal(other.elbo, tables[0].elbo)
    assert len(encodings) == len(kept()) == 3


def test_a_changed_source_is_encoded_anew(card, tmp_path, encodings):
    folder = save_pictures(tmp_path / "pictures")
    assert len(encode_source(card, folder).table) == 12
    (folder / "extra.png").write_bytes((folder / "000.png").read_bytes())
    assert len(encode_source(card, folder).table) == 13
    (folder / "000.png").write_bytes((folder / "001.png").read_bytes())
    table = encode_source(card, folder).table
    np.testing.assert_allclose(table.mean[0], table.mean[1], atol=1e-6)
    assert len(encodings) == 3


def test_what_was_skipped_is_told_each_time(card, tmp_path, encodings):
    folder = save_pictures(tmp_path / "pictures")
    (folder / "bad.png").write_bytes(b"nothing")
    for _ in range(2):
        assert encode_source(card, folder).notes[0] == "12 of 13 images used; skipped: bad.png."
    assert len(encodings) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:300] + bytes([data[300] ^ 1]) + data[301:],
        lambda data: b"\x93NUMPY" + data,
    ],
    ids=["empty", "cut", "changed", "another"],
)
def test_a_damaged_cache_file_is_made_anew(card, bars_file, encodings, damage):
    expected = encode_source(card, bars_file).table
    (path,) = kept()
    good = path.read_bytes()
    path.write_bytes(damage(good))
    check_equal(encode_source(card, bars_file).table, expected)
    assert len(encodings) == 2 and path.read_bytes() == good


def test_it_keeps_so_many_bytes_and_what_was_used_last(card, tmp_path, monkeypatch, encodings):
    folders = [save_pictures(tmp_path / name) for name in ("a", "b", "c")]
    for age, folder in zip((300, 200), folders, strict=False):
        before = kept()
        encode_source(card, folder)
        (path,) = set(kept()) - set(before)
        os.utime(path, (time.time() - age,) * 2)
    encode_source(card, folders[0])  # used again: now b was not used for longest
    monkeypatch.setattr(vae.encoded_sources, "MAX_BYTES", 5 * path.stat().st_size // 2)
    orphan = path.with_name(f".{path.name}.tmp-0123456789ab")
    orphan.write_bytes(b"torn")
    os.utime(orphan, (0, 0))
    encode_source(card, folders[2])
    assert len(kept()) == 2 and not path.exists() and not orphan.exists()
    assert len(encodings) == 3
    encode_source(card, folders[0])
    assert len(encodings) == 3


def test_a_cancelled_encoding_keeps_nothing(card, bars_file):
    with pytest.raises(EncodingCancelledError):
        encode_source(card, bars_file, on_progress=lambda done, total: False)
    assert not kept()


def test_a_folder_that_changes_while_it_is_read_is_not_kept(card, tmp_path):
    folder = save_pictures(tmp_path / "pictures")

    def change(done, total):
        os.utime(folder / "000.png", (0, 0))
        return True

    assert len(encode_source(card, folder, on_progress=change).table) == 12
    assert not kept()


def test_no_place_for_a_cache_is_no_mistake(card, bars_file, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("LATENT_CACHE_DIR", str(tmp_path / "file"))
    assert len(encode_source(card, bars_file).table) == 256


def test_limits_for_strangers_hold_unless_the_source_is_ones_own(card, tmp_path, monkeypatch):
    folder = save_pictures(tmp_path / "pictures")
    monkeypatch.setattr(vae.data.picture_files, "MAX_FILES", 3)
    with pytest.raises(DataError, match="more than 3 files"):
        encode_source(card, folder)
    assert len(encode_source(card, folder, local=True).table) == 12


def run_project(shelf, data, out, *more):
    return main(["project", str(shelf / "bars-3d"), "--data", str(data), "--out", str(out), *more])


def test_project_shows_a_bar_and_needs_none_the_second_time(shelf, bars_file, tmp_path, capsys):
    outs = [tmp_path / "one.csv", tmp_path / "two.csv"]
    assert run_project(shelf, bars_file, outs[0], "--method", "pca") == 0
    first = capsys.readouterr()
    assert "256/256" in first.err and "All images are taken" in first.out
    assert run_project(shelf, bars_file, outs[1], "--method", "pca") == 0
    second = capsys.readouterr()
    assert second.err == "" and "All images are taken" in second.out
    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.parametrize("method", ["pca", "tsne", "raw"])
@pytest.mark.parametrize("n", [1, 80])
def test_project_maps_one_image_and_equal_ones(shelf, tmp_path, capsys, n, method):
    np.savez(tmp_path / "a.npz", images=np.full((n, 8, 8), 200, np.uint8))
    assert run_project(shelf, tmp_path / "a.npz", tmp_path / "map.npz", "--method", method) == 0
    with np.load(tmp_path / "map.npz") as arrays:
        assert len(arrays["x"]) == n and np.isfinite([arrays["x"], arrays["y"]]).all()
    assert "nan" not in capsys.readouterr().out


def test_encode_writes_the_table_of_a_data_set(card, shelf, bars_file, tmp_path, capsys):
    out = tmp_path / "codes.npz"
    assert main(["encode", str(shelf / "bars-3d"), str(bars_file), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert "256/256" in printed.err and "256 codes of 3 dimensions" in printed.out
    table = encode_source(card, bars_file).table
    with np.load(out) as arrays:
        assert arrays["names"].tolist() == [str(row) for row in table.index]
        for name, values in table.columns().items():
            assert np.array_equal(arrays[name], values), name


def test_project_tells_what_it_skipped_and_refuses_nothing_at_all(shelf, tmp_path, capsys):
    folder = save_pictures(tmp_path / "pictures")
    (folder / "bad.png").write_bytes(b"nothing")
    assert run_project(shelf, folder, tmp_path / "map.csv") == 0
    assert "12 of 13 images used; skipped: bad.png." in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    assert run_project(shelf, tmp_path / "empty", tmp_path / "no.csv") == 2
    assert capsys.readouterr().err == (
        "error: empty has no PNG, JPEG, WebP, GIF or BMP pictures in it\n"
    )
    np.savez(tmp_path / "nan.npz", images=np.full((2000, 8, 8), np.nan))
    assert run_project(shelf, tmp_path / "nan.npz", tmp_path / "no.csv") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "no.csv").exists()


def test_ctrl_c_while_it_encodes_leaves_nothing_torn(shelf, tmp_path):
    np.savez(tmp_path / "many.npz", images=np.full((200_000, 8, 8), 200, np.uint8))
    command = [sys.executable, "-m", "vae", "project", str(shelf / "bars-3d"), "--data"]
    command += [str(tmp_path / "many.npz"), "--out", str(tmp_path / "map.csv")]
    # A shell's background jobs, such as a test run may be, hand on that they ignore Ctrl-C.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, preexec_fn=heed) as process:
        seen = b""
        while b"image/s" not in seen:
            seen += process.stderr.read(1)
            assert process.poll() is None, seen
        os.kill(process.pid, signal.SIGINT)
        rest = process.stderr.read().decode()
    assert process.returncode == 130
    assert "stopped" in rest.splitlines()[-1] and "Traceback" not in rest
    assert not (tmp_path / "map.csv").exists() and not kept()
