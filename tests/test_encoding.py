import sys
import zipfile

import numpy as np
import pytest
import torch
from encoded import encoded
from tiny import bars

import vae.data.file_streams
import vae.encoding
from vae.bench.timing import in_fresh_process
from vae.data import DataError, SetStream, load, open_stream
from vae.data.streams import Batch
from vae.encoding import EncodingCancelledError, encode_dataset, encode_stream
from vae.memory import peak_memory
from vae.metrics.likelihood import measure_images
from vae.models import ModelConfig, build_model
from vae.projections import Settings, project

SHAPE = (1, 8, 8)


def model(**settings):
    return build_model(ModelConfig(SHAPE, 2, family="mlp", width=16, **settings)).eval()


class Cut(SetStream):
    """A set whose batches are of given sizes, in turn."""

    def __init__(self, images, sizes):
        super().__init__(images)
        self.sizes = sizes

    def batches(self):
        done, k = 0, 0
        while done < self.total:
            rows = slice(done, min(done + self.sizes[k % len(self.sizes)], self.total))
            yield Batch(self.images.pixels[rows], self.images.index[rows], rows.stop)
            done, k = rows.stop, k + 1


def check_equal(one, other):
    one, other = one.columns(), other.columns()
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert np.array_equal(values, other[name]), name


@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
@pytest.mark.parametrize("sizes", [[1300], [500], [7, 0, 640], [499, 2]])
def test_the_numbers_do_not_depend_on_the_batches(kind, sizes):
    images = bars(1300)
    expected = measure_images(model(kind=kind), images, seed=3)
    table = encode_stream(model(kind=kind), Cut(images, sizes), seed=3)
    check_equal(table, encode_dataset(model(kind=kind), images, seed=3))
    assert np.array_equal(table.mean, expected.mean)
    assert np.array_equal(table.reconstruction_error, expected.squared_error)
    assert (table.elbo is None) == (kind == "autoencoder")
    if kind == "vae":
        assert np.array_equal(table.elbo, expected.elbo)
        assert np.array_equal(table.log_var, expected.log_var)
        assert not np.array_equal(table.elbo, encode_dataset(model(), images).elbo)


def test_a_table_of_a_set_has_all_that_is_known_of_it():
    images = bars(9, split="test")
    table = encode_dataset(model(), images)
    assert np.array_equal(table.label, images.labels) and table.label_names == ("left", "right")
    assert np.array_equal(table.index, images.index) and set(table.split) == {"test"}
    assert np.array_equal(table.factors["position"], images.factors["position"])


def save_npz(path, n):
    pixels = np.random.default_rng(0).integers(0, 256, (n, 8, 8), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez(file, images=pixels, labels=np.arange(n) % 5)
    return path


def save_zip(path, n, corrupt=()):
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(n):
            image = random.integers(0, 256, (8, 8), dtype=np.uint8)
            content = b"nothing" if k in corrupt else encoded(image)
            archive.writestr(f"{k % 3}/{k:05}.png", content)
    return path


@pytest.mark.parametrize("save", [save_npz, save_zip], ids=["npz", "zip"])
def test_a_stream_gives_the_codes_of_the_loaded_set(tmp_path, save):
    path = save(tmp_path / "a", 1203)
    images = load(path, "all", image_shape=SHAPE)
    with open_stream(path, SHAPE) as stream:
        check_equal(encode_stream(model(), stream), encode_dataset(model(), images))


def test_corrupt_images_among_good_ones_change_no_number_of_the_others(tmp_path):
    path = save_zip(tmp_path / "a.zip", 1203, corrupt={0, 250, 499, 500, 501, *range(900, 1100)})
    images = load(path, "all", image_shape=SHAPE)
    seen = []
    with open_stream(path, SHAPE) as stream:
        table = encode_stream(model(), stream, on_progress=lambda *now: seen.append(now) or True)
        assert stream.notes[0].startswith("998 of 1203 images used; skipped: 00000.png, ")
    check_equal(table, encode_dataset(model(), images))
    assert len(table) == 998
    assert seen == [(500, 1203), (1000, 1203), (1203, 1203)]


def test_it_tells_how_far_it_is_and_is_cancelled_at_once():
    stream, seen = Cut(bars(1300), [100]), []

    def tell(done, total):
        seen.append((done, total))
        return len(seen) < 3

    with pytest.raises(EncodingCancelledError, match="stopped after 300 of 1300 images"):
        encode_stream(model(), stream, on_progress=tell)
    assert seen == [(100, 1300), (200, 1300), (300, 1300)]


def test_images_of_another_shape_are_refused():
    other = build_model(ModelConfig((1, 9, 9), 2, family="mlp", width=16)).eval()
    with pytest.raises(ValueError, match=r"shape \(1, 8, 8\); this model takes \(1, 9, 9\)"):
        encode_dataset(other, bars(3))


def test_an_empty_set_is_refused(tmp_path):
    path = save_zip(tmp_path / "a.zip", 3, corrupt={0, 1, 2})
    with (
        open_stream(path, SHAPE) as stream,
        pytest.raises(DataError, match=r"none of the 3 pictures in a\.zip can be used"),
    ):
        encode_stream(model(), stream)


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("n", [1, 2, 60, 700])
def test_one_image_and_equal_images_have_codes_and_a_map(tmp_path, n, method):
    np.savez(
        tmp_path / "a.npz",
        images=np.tile(np.arange(64, dtype=np.uint8), (n, 1, 1)).reshape(n, 8, 8),
    )
    with open_stream(tmp_path / "a.npz", SHAPE) as stream:
        table = encode_stream(model(), stream)
    assert len(table) == n
    np.testing.assert_allclose(table.mean, np.repeat(table.mean[:1], n, 0), atol=1e-6)
    made = project(table.mean, Settings(method))
    assert made.points.shape == (n, 2) and np.isfinite(made.points).all()


SIDE = 64
FEW, MANY = 600, 12_000


def measure_growth(small, large):
    """Peak memory that a larger file adds, streamed and loaded, MiB; and how many were encoded."""
    for module in (vae.encoding, vae.data.file_streams):  # so that a few images are many batches
        module.BATCH = 50
    torch.set_num_threads(1)  # on a busy machine two wait for each other
    config = ModelConfig((1, SIDE, SIDE), 2, family="mlp", width=16)
    model = build_model(config).eval()
    peaks, counts = [], []
    for path in (small, large):
        with open_stream(path, config.image_shape) as stream:
            counts.append(len(encode_stream(model, stream)))
        peaks.append(peak_memory())
    load(large, "all", image_shape=config.image_shape)
    peaks.append(peak_memory())
    return np.diff(peaks) / 2**20, counts


def large_npz(path, n, dtype):
    images = np.random.default_rng(0).integers(0, 256, (n, SIDE, SIDE), np.uint8).astype(dtype)
    with path.open("wb") as file:
        np.savez(file, images=images)


def large_zip(path, n, dtype):
    content = encoded(np.full((SIDE, SIDE), 7, dtype))
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(n):
            archive.writestr(f"{k}.png", content)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak")
@pytest.mark.parametrize(
    ("save", "dtype"), [(large_npz, np.uint8), (large_npz, np.float32), (large_zip, np.uint8)]
)
def test_memory_does_not_grow_with_the_number_of_images(tmp_path, say, save, dtype):
    save(tmp_path / "few", FEW, dtype)
    save(tmp_path / "many", MANY, dtype)
    (growth, counts), _ = in_fresh_process(measure_growth, tmp_path / "few", tmp_path / "many")
    more = (MANY - FEW) * SIDE**2 / 2**20
    say(f"{more:.0f} MiB more images take {growth[0]:.1f} MiB more memory, loaded {growth[1]:.0f}")
    assert counts == [FEW, MANY]
    assert growth[0] < more / 3
    assert growth[1] > more  # the measure can tell
