import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
from PIL import Image

from vae.data import SOURCES, DataError, has_originals, load

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def shared(monkeypatch):
    if not (SHARED / "mnist_test.npz").is_file():
        pytest.skip("needs the real data of ../shared/data, the folder beside this checkout")
    monkeypatch.setenv("LATENT_DATA_DIR", str(SHARED))


def test_digits_are_those_of_scikit_learn():
    original = sklearn.datasets.load_digits()
    for split, n in (("train", 1437), ("test", 360)):
        images = load("digits", split)
        assert images.pixels.shape == (n, 1, 8, 8)
        expected = original.images[images.index] * 255 / 16
        assert np.abs(images.pixels[:, 0] - expected).max() <= 0.5
        assert np.array_equal(images.labels, original.target[images.index])
    assert images.pixels.max() == 255 and images.label_names == tuple("0123456789")


def test_digits_golden_values():
    images = load("digits", "test")
    assert images.index[:5].tolist() == [1081, 1707, 927, 713, 262]
    assert images.labels[:5].tolist() == [2, 8, 2, 6, 6]
    assert images.pixels[0, 0, 2].tolist() == [0, 48, 207, 16, 80, 239, 0, 0]


def test_digits_are_split_without_overlap():
    train, test = load("digits", "train"), load("digits", "test")
    assert sorted([*train.index, *test.index]) == list(range(1797))
    assert set(test.labels) == set(range(10))


def test_a_named_source_is_made_to_fit_and_says_so():
    images = load("digits", "test", image_shape=(3, 32, 16))
    assert images.image_shape == (3, 32, 16) and len(images) == 360
    assert "Centre-cropped and resized to 16x32 pixels from 8x8" in images.preprocessing[1]
    assert images.preprocessing[2] == "Grey images were repeated in three channels."
    same = load("digits", "test", image_shape=(1, 8, 8))
    assert same.preprocessing == load("digits", "test").preprocessing


@pytest.mark.parametrize(("name", "first"), [("mnist", 7), ("fashion-mnist", 9)])
def test_mnist_comes_from_the_folder_in_the_environment(shared, name, first):
    images = load(name, "test")
    assert images.pixels.shape == (10_000, 1, 28, 28) and images.labels[0] == first
    assert images.index[0] == 60_000 and images.index[-1] == 69_999
    with np.load(SHARED / f"{name.replace('-', '_')}_test.npz") as stored:
        assert np.array_equal(images.pixels[:, 0], stored["images"])
        assert np.array_equal(images.labels, stored["labels"])
    assert images.preprocessing == ()


def test_fashion_labels_have_their_names(shared):
    names = load("fashion-mnist", "test").label_names
    assert names[0] == "T-shirt/top" and names[9] == "Ankle boot" and len(names) == 10


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_CACHE_DIR", str(tmp_path / "cache"))


def test_mnist_training_images_are_all_there(shared):
    images = load("mnist", "train")
    assert len(images) == 60_000 and np.bincount(images.labels)[0] == 5923


def fake_openml(calls):
    def fetch(name, **options):
        calls.append((name, options))
        rows = np.arange(70_000)
        data = np.broadcast_to((rows % 251)[:, None], (70_000, 784))
        return types.SimpleNamespace(data=data, target=(rows % 10).astype(str))

    return fetch


@pytest.mark.parametrize(
    ("name", "openml"), [("mnist", "mnist_784"), ("fashion-mnist", "Fashion-MNIST")]
)
def test_without_the_folder_mnist_comes_from_openml(monkeypatch, tmp_path, name, openml):
    calls = []
    monkeypatch.setenv("LATENT_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fake_openml(calls))
    images = load(name, "test")
    assert calls == [(openml, {"version": 1, "as_frame": False, "parser": "auto"})]
    assert len(images) == 10_000 and images.index[0] == 60_000
    assert images.pixels[0, 0, 0, 0] == 60_000 % 251 and images.labels[3] == 3


def test_what_was_fetched_once_is_kept(monkeypatch, tmp_path):
    calls = []
    monkeypatch.delenv("LATENT_DATA_DIR", raising=False)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fake_openml(calls))
    assert not has_originals("mnist")
    fetched = load("mnist", "test")
    assert has_originals("mnist") and not has_originals("fashion-mnist")
    kept = load("mnist", "test")
    assert len(calls) == 1
    np.testing.assert_array_equal(kept.pixels, fetched.pixels)
    np.testing.assert_array_equal(kept.labels, fetched.labels)
    assert load("mnist", "train").pixels[5, 0, 0, 0] == 5
    assert len(calls) == 1


@pytest.mark.parametrize(("name", "expected"), [("digits", True), ("sprites", True)])
def test_some_sources_are_always_here(name, expected):
    assert has_originals(name) is expected


def test_a_folder_of_pictures_has_no_originals_of_its_own():
    assert not has_originals("../somewhere")


def test_offline_the_error_says_what_to_do(monkeypatch):
    def offline(*arguments, **options):
        raise OSError("Name or service not known")

    monkeypatch.delenv("LATENT_DATA_DIR", raising=False)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", offline)
    with pytest.raises(DataError, match=r"LATENT_DATA_DIR .* mnist_train.npz") as caught:
        load("mnist")
    assert "service" not in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.zeros((5, 28, 28), np.uint8), "labels": np.zeros(5, int)}, "uint8 images"),
        ({"images": np.zeros((5, 28, 28), np.uint8)}, "lacks labels"),
    ],
)
def test_a_wrong_file_in_the_folder_is_refused(monkeypatch, tmp_path, arrays, message):
    np.savez(tmp_path / "mnist_test.npz", **arrays)
    monkeypatch.setenv("LATENT_DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match=message):
        load("mnist", "test")


@pytest.mark.parametrize(
    "source", ["cifar", "", "http://example.org/x.zip", "../nowhere", "a\0b", "x" * 5000]
)
def test_an_unknown_source_lists_the_names(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="digits, sprites, mnist, fashion-mnist") as caught:
        load(source)
    assert "\0" not in str(caught.value) and len(str(caught.value)) < 300


def test_a_path_is_never_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="no data source"):
        load(Path("digits"))


@pytest.mark.parametrize("shape", [(2, 28, 28), (1, 7, 28), (1, 28), "small", (1, 28.0, 28)])
def test_an_impossible_image_shape_is_refused(shape):
    with pytest.raises(DataError, match="image_shape is"):
        load("digits", image_shape=shape)


def test_sources_are_described_and_fixed():
    assert all(len(text) > 20 for text in SOURCES.values())
    with pytest.raises(TypeError):
        SOURCES["mine"] = "x"


def test_emoji_are_split_by_what_they_are_variants_of(shared):
    train, test = load("emoji", "train"), load("emoji", "test")
    assert train.image_shape == (3, 64, 64) and len(train) + len(test) == 3583
    assert 250 < len(test) < 500 and train.name == "emoji"
    assert "variants of one picture stay together" in train.preprocessing[-1]
    assert any("white" in sentence for sentence in train.preprocessing)
    with zipfile.ZipFile(SHARED / "noto_emoji_72.zip") as archive:
        names = sorted(Path(name).name for name in archive.namelist() if name.endswith(".png"))
    base = [
        {name.split("_u")[1].split("_")[0].removesuffix(".png") for name in chosen}
        for chosen in ([names[row] for row in images.index] for images in (train, test))
    ]
    assert base[0] and base[1] and not base[0] & base[1]


def test_emoji_may_be_a_folder_of_one_s_own(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match="emoji are not on this machine; put a folder or zip"):
        load("emoji")
    (tmp_path / "my-emoji").mkdir()
    for code in range(0x1F600, 0x1F60A):
        picture = np.full((72, 72, 3), code % 256, np.uint8)
        Image.fromarray(picture).save(tmp_path / "my-emoji" / f"{code:x}.png")
    assert len(load("emoji", "train")) == 9 and len(load("emoji", "test")) == 1


def test_faces_of_one_person_stay_in_one_split(shared):
    train, test = load("faces", "train"), load("faces", "test")
    assert train.image_shape == (1, 64, 64) and (len(train), len(test)) == (360, 40)
    assert not set(train.labels) & set(test.labels)
    with np.load(SHARED / "olivetti_faces.npz") as stored:
        assert np.array_equal(test.pixels[:, 0], stored["images"][test.index])


def test_faces_in_the_wild_come_through_scikit_learn(monkeypatch):
    random = np.random.RandomState(0)
    fake = types.SimpleNamespace(
        images=random.rand(40, 70, 70, 3).astype(np.float32),
        target=np.arange(40) % 20,
        target_names=np.array([f"Person {k}" for k in range(20)]),
    )
    monkeypatch.setattr(sklearn.datasets, "fetch_lfw_people", lambda **options: fake)
    images = load("faces-lfw", "test")
    assert images.image_shape == (3, 64, 64) and len(images) == 4


def test_faces_that_cannot_be_had_say_what_to_do(monkeypatch):
    def offline(**options):
        raise OSError("no network")

    monkeypatch.delenv("LATENT_DATA_DIR", raising=False)
    monkeypatch.setattr(sklearn.datasets, "fetch_olivetti_faces", offline)
    monkeypatch.setattr(sklearn.datasets, "fetch_lfw_people", offline)
    for name in ("faces", "faces-lfw"):
        with pytest.raises(DataError, match="connect to the internet once, or choose digits"):
            load(name)
