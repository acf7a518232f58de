import os
import time

import numpy as np
import pytest

from vae import map_cache
from vae.map_cache import MapCache
from vae.projections import Settings, project

SETTINGS = Settings(late=5)


def codes_of(seed):
    return np.random.default_rng(seed).standard_normal((30, 3)).astype(np.float32)


@pytest.fixture
def cache(tmp_path):
    return MapCache(tmp_path / "maps", max_files=3)


def keep(cache, seed, age=0.0):
    """Keep a map, as if it had been asked for ``age`` seconds ago."""
    made = project(codes_of(seed), SETTINGS)
    cache.keep(SETTINGS, made)
    path = cache.path(made.codes, SETTINGS)
    if path.exists():
        then = time.time() - age
        os.utime(path, (then, then))
    return made


def test_it_lies_in_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_CACHE_DIR", str(tmp_path))
    assert MapCache().folder == tmp_path / "maps"


def test_a_kept_map_is_found_again(cache):
    made = keep(cache, 0)
    found = MapCache(cache.folder).find(made.codes, SETTINGS)
    np.testing.assert_array_equal(found.points, made.points)
    assert found.settings == SETTINGS


def test_other_codes_settings_and_packages_are_other_maps(cache, monkeypatch):
    made = keep(cache, 0)
    assert cache.find(codes_of(1), SETTINGS) is None
    assert cache.find(made.codes, Settings(late=6)) is None
    monkeypatch.setattr(map_cache, "_version", lambda package: "another")
    assert cache.find(made.codes, SETTINGS) is None


def test_a_damaged_map_is_deleted(cache):
    made = keep(cache, 0)
    path = cache.path(made.codes, SETTINGS)
    path.write_bytes(path.read_bytes()[:-9])
    assert cache.find(made.codes, SETTINGS) is None
    assert not path.exists()


def test_the_one_not_asked_for_longest_goes(cache):
    made = [keep(cache, seed, age=100 - seed) for seed in range(3)]
    assert cache.find(made[0].codes, SETTINGS)  # asked for: now it is the newest
    keep(cache, 3)
    kept = [cache.find(codes_of(seed), SETTINGS) is not None for seed in range(4)]
    assert kept == [True, False, True, True]


def test_bytes_are_bounded_too(tmp_path):
    small = MapCache(tmp_path, max_bytes=2500)
    for seed in range(5):
        keep(small, seed, age=100 - seed)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert 0 < len(sizes) < 5
    assert sum(sizes) <= 2500
    assert small.find(codes_of(4), SETTINGS)


def test_what_a_killed_writer_left_is_swept(cache):
    keep(cache, 0)
    old, new = (cache.folder / f".x.npz.tmp-{name}" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    keep(cache, 1)
    assert not old.exists()
    assert new.exists()


def test_where_nothing_can_be_written_nothing_is_lost(tmp_path):
    (tmp_path / "maps").write_text("a file where the folder should be")
    cache = MapCache(tmp_path / "maps")
    made = keep(cache, 0)
    assert cache.find(made.codes, SETTINGS) is None
