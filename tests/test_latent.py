import numpy as np
import pytest

from vae.checkpoints import load_codes, load_model, read_card
from vae.encoding import LatentTable
from vae.latent import BatchDecoder, decode, encode, sample_prior, to_uint8, traverse
from vae.models import ModelConfig, build_model


@pytest.fixture(scope="module")
def model():
    return build_model(ModelConfig((1, 8, 8), 3, family="mlp", width=16)).eval()


def table(mean, log_var=None, split=None, **columns) -> LatentTable:
    n = len(mean)
    return LatentTable(
        mean=np.asarray(mean, np.float32),
        log_var=None if log_var is None else np.asarray(log_var, np.float32),
        index=np.arange(n),
        split=np.array(split or ["test"] * n),
        reconstruction_error=np.zeros(n),
        **columns,
    )


def test_traverse_changes_one_coordinate_only():
    z, values = np.array([1.0, 2.0, 3.0]), np.linspace(-2, 2, 5)
    path = traverse(z, 1, values)
    assert path.shape == (5, 3)
    assert np.allclose(path[:, 1], values)
    assert np.array_equal(path[:, [0, 2]], np.tile([1.0, 3.0], (5, 1)))
    for dim in (-1, 3):
        with pytest.raises(ValueError, match=f"dim is {dim}"):
            traverse(z, dim, values)


def test_prior_samples_are_standard_normal_and_seeded():
    z = sample_prior(50_000, 2, seed=3)
    assert np.allclose(z.mean(0), 0, atol=0.02) and np.allclose(z.std(0), 1, atol=0.02)
    assert np.array_equal(z, sample_prior(50_000, 2, seed=3))
    assert not np.array_equal(z[:5], sample_prior(5, 2, seed=4))


def test_decoding_a_batch_equals_decoding_one_by_one(model):
    z = sample_prior(6, 3, seed=0)
    together = decode(model, z)
    assert together.shape == (6, 1, 8, 8) and together.dtype == np.float32
    apart = np.concatenate([decode(model, row[None]) for row in z])
    np.testing.assert_allclose(together, apart, atol=1e-6)


@pytest.mark.parametrize(
    ("z", "message"),
    [
        (np.zeros(3), r"z has shape \(3,\)"),
        (np.zeros((1, 2)), r"takes \(N, 3\)"),
        (np.full((1, 3), np.nan), "NaN or infinity"),
        (np.full((1, 3), np.inf), "NaN or infinity"),
    ],
)
def test_a_bad_code_is_refused(model, z, message):
    with pytest.raises(ValueError, match=message):
        decode(model, z)


def test_encoding_takes_bytes_and_floats_alike(model):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 1, 8, 8), dtype=np.uint8)
    from_bytes, from_floats = encode(model, pixels), encode(model, pixels / 255)
    np.testing.assert_allclose(from_bytes[0], from_floats[0], atol=1e-6)
    np.testing.assert_allclose(from_bytes[1], from_floats[1], atol=1e-6)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((1, 8, 8)), "images have shape"),
        (np.zeros((1, 3, 8, 8)), r"takes \(N, \(1, 8, 8\)\)"),
        (np.full((1, 1, 8, 8), 255.0), "outside"),
        (np.full((1, 1, 8, 8), -0.1), "outside"),
        (np.full((1, 1, 8, 8), np.nan), "outside"),
    ],
)
def test_bad_images_are_refused(model, images, message):
    with pytest.raises(ValueError, match=message):
        encode(model, images)


def test_pixels_are_rounded_not_cut():
    images = np.array([0, 0.5, 254.6 / 255, 1]).reshape(1, 1, 2, 2)
    assert to_uint8(images).tolist() == [[[[0], [128]], [[255], [255]]]]


def test_kl_and_activity_of_known_codes():
    """Dimension 0 carries everything, 1 has collapsed to the prior, 2 little."""
    mean = [[2.0, 0, 0.05], [-2.0, 0, -0.05]]
    log_var = [[-4.0, 0, 0.0], [-4.0, 0, 0.0]]
    codes = table(mean, log_var)
    kl = [0.5 * (4 + np.exp(-4) - 1 + 4), 0, 0.5 * 0.05**2]
    np.testing.assert_allclose(codes.kl_per_dim, kl, rtol=1e-6)
    np.testing.assert_allclose(codes.variance_per_dim, [4, 0, 0.0025], rtol=1e-6)
    assert codes.active.tolist() == [True, False, False]
    assert codes.order.tolist() == [0, 2, 1]
    np.testing.assert_allclose(codes.range_per_dim(0, 1), [[-2, 2], [0, 0], [-0.05, 0.05]])


def test_statistics_are_taken_over_held_out_rows():
    mean = [[1.0], [3.0], [100.0]]
    codes = table(mean, split=["test", "test", "train"])
    assert codes.variance_per_dim == pytest.approx([1.0])
    assert codes.range_per_dim(0, 1).tolist() == [[1, 3]]
    only_train = table(mean, split=["train"] * 3)
    assert only_train.held_out.all()


def test_an_autoencoder_is_ordered_by_variance():
    codes = table([[0.0, 5.0], [1.0, -5.0]])
    assert codes.kl_per_dim is None and codes.order.tolist() == [1, 0]


def test_columns_of_another_length_are_refused():
    for column in ("label", "elbo"):
        with pytest.raises(ValueError, match=f"{column} has shape"):
            table([[0.0]], **{column: np.zeros(2)})
    with pytest.raises(ValueError, match="log_var has shape"):
        table([[0.0]], [[0.0, 0.0]])
    with pytest.raises(ValueError, match="finite codes"):
        table([[np.nan]])
    with pytest.raises(ValueError, match="position has shape"):
        table([[0.0]], factors={"position": np.zeros(3)})


def test_a_table_survives_its_file(shelf):
    codes = load_codes(read_card(shelf / "bars-3d"))
    again = LatentTable.from_columns(codes.columns())
    assert again.label_names == codes.label_names
    for name, values in codes.columns().items():
        assert np.array_equal(values, again.columns()[name]), name


def test_codes_of_a_checkpoint_are_its_encoder_s(shelf, bars_file):
    from vae.data import load

    card = read_card(shelf / "bars-3d")
    codes, model = load_codes(card), load_model(card)
    test = load(bars_file, "test")
    held_out = codes.split == "test"
    mean, log_var = encode(model, test.pixels)
    np.testing.assert_allclose(codes.mean[held_out], mean, atol=1e-5)
    np.testing.assert_allclose(codes.log_var[held_out], log_var, atol=1e-5)
    error = ((decode(model, mean) - test.pixels / 255) ** 2).mean((1, 2, 3))
    np.testing.assert_allclose(codes.reconstruction_error[held_out], error, rtol=1e-4)


@pytest.mark.parametrize("family", ["mlp", "conv"])
@pytest.mark.parametrize("n", [1, 31, 32, 401])
def test_batches_are_decoded_within_a_grey_level(family, n):
    config = ModelConfig((1, 28, 28), 4, family=family, width=64, channels=8)
    model = build_model(config, seed=2).eval()
    z = 3 * sample_prior(n, 4, seed=1)
    fast, exact = BatchDecoder(model).decode(z), decode(model, z)
    assert fast.shape == exact.shape and fast.dtype == np.float32
    np.testing.assert_allclose(fast, exact, atol=1 / 255 if n >= 32 else 0)


def test_a_bad_code_is_refused_in_a_batch_too(model):
    with pytest.raises(ValueError, match=r"takes \(N, 3\)"):
        BatchDecoder(model).decode(np.zeros((100, 2)))
    with pytest.raises(ValueError, match="NaN or infinity"):
        BatchDecoder(model).decode(np.full((100, 3), np.nan))
