from pathlib import Path

import numpy as np
import pytest
from refusal import refused

from vae.data import load

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def images_of(n=20, height=8, width=12, channels=None):
    shape = (n, height, width) if channels is None else (n, height, width, channels)
    return np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)


@pytest.fixture
def save(tmp_path):
    def write(**arrays):
        np.savez(tmp_path / "set.npz", **arrays)
        return tmp_path / "set.npz"

    return write


def whole(path):
    """Pixels and labels of both splits in the file's own order."""
    parts = [load(path, split) for split in ("train", "test")]
    order = np.argsort(np.concatenate([part.index for part in parts]))
    pixels = np.concatenate([part.pixels for part in parts])[order]
    if parts[0].labels is None:
        return pixels, None
    return pixels, np.concatenate([part.labels for part in parts])[order]


@pytest.mark.parametrize("key", ["images", "imgs", "x", "X", "pixels"])
@pytest.mark.parametrize("label_key", ["labels", "label", "y"])
def test_images_and_labels_are_found_by_their_key(save, key, label_key):
    path = save(**{key: images_of(), label_key: np.arange(20) % 3, "other": np.arange(5)})
    pixels, labels = whole(path)
    assert np.array_equal(pixels[:, 0], images_of())
    assert np.array_equal(labels, np.arange(20) % 3)
    train = load(path)
    assert len(train) == 18 and train.label_names == ("0", "1", "2") and train.name == "set.npz"
    assert train.preprocessing == ("2 of 20 images are held out by a fixed permutation.",)


@pytest.mark.parametrize(
    ("keys", "label_keys"),
    [
        (("x_train", "x_test"), ("y_train", "y_test")),
        (("train_images", "test_images"), ("train_labels", "test_labels")),
    ],
)
def test_splits_of_the_file_are_kept(save, keys, label_keys):
    train, test = images_of(7, channels=3), images_of(3, channels=3)
    labels = np.array([[5], [2], [5], [5], [2], [5], [9]]), np.array([[9], [2], [2]])
    path = save(**dict(zip((*keys, *label_keys), (train, test, *labels), strict=True)))
    one, other = load(path, "train"), load(path, "test")
    assert np.array_equal(one.pixels, train.transpose(0, 3, 1, 2))
    assert np.array_equal(other.pixels, test.transpose(0, 3, 1, 2))
    assert one.label_names == other.label_names == ("2", "5", "9")
    assert one.labels.tolist() == [1, 0, 1, 1, 0, 1, 2] and other.labels.tolist() == [2, 0, 0]
    assert one.index.tolist() == list(range(7)) and other.index.tolist() == [7, 8, 9]


def test_both_splits_are_scaled_by_one_rule(save):
    dark, bright = np.zeros((4, 8, 8)), np.zeros((4, 8, 8))
    dark[:, 0, 0], bright[:, 0, 0] = 1, 255
    path = save(x_train=dark, x_test=bright)
    assert load(path, "train").pixels.max() == 1 and load(path, "test").pixels.max() == 255


def test_labels_that_are_words_name_the_classes(save):
    words = np.array(["dog", "cat", "<img src=x>", "dog\u202e"])
    images = load(save(images=images_of(4), labels=words))
    assert images.label_names == ("<img src=x>", "cat", "dog", "dog?")


@pytest.mark.parametrize(
    ("array", "expected", "note"),
    [
        (np.array([0, 0.5, 1]), [0, 128, 255], "Values 0 to 1 were multiplied by 255"),
        (np.array([0, 0.2, 1], np.float16), [0, 51, 255], "Values 0 to 1"),
        (np.array([0, 0.2, 1 + 1e-7]), [0, 51, 255], "Values 0 to 1"),
        (np.array([0, 127.6, 255], np.float32), [0, 128, 255], "Values 0 to 255 were rounded"),
        (np.array([0, 1, 0], np.uint8), [0, 255, 0], "Values 0 to 1"),
        (np.array([False, True, True]), [0, 255, 255], "Values 0 to 1"),
        (np.array([3, 7, 200], np.int64), [3, 7, 200], None),
        (np.array([0, 7, 255], ">i4"), [0, 7, 255], None),
        (np.array([0, 0.2, 1], ">f8"), [0, 51, 255], "Values 0 to 1"),
        (np.array([0, 0, 0], np.uint8), [0, 0, 0], None),
    ],
)
def test_d14_d15_values_are_converted_and_it_is_said(save, array, expected, note):
    arrays = np.resize(array, (4, 9, 9))
    path = save(images=arrays)
    pixels, _ = whole(path)
    assert pixels[:, 0].ravel()[:3].tolist() == expected
    notes = load(path).preprocessing[:-1]
    assert (len(notes) == 1 and notes[0].startswith(note)) if note else not notes


def test_d15_channels_may_be_first_or_last(save):
    last = images_of(channels=3)
    assert np.array_equal(whole(save(x=last))[0], last.transpose(0, 3, 1, 2))
    assert np.array_equal(whole(save(x=last.transpose(0, 3, 1, 2)))[0], last.transpose(0, 3, 1, 2))
    one = images_of(channels=1)
    assert np.array_equal(whole(save(x=one))[0], one.transpose(0, 3, 1, 2))
    assert np.array_equal(whole(save(x=one.transpose(0, 3, 1, 2)))[0], one.transpose(0, 3, 1, 2))


def test_d14_an_array_in_fortran_order_is_the_same_array(save):
    images = np.asfortranarray(images_of(channels=3))
    assert np.array_equal(whole(save(x=images))[0], images.transpose(0, 3, 1, 2))


def test_d15_alpha_is_put_on_white(save):
    images = np.zeros((4, 8, 8, 4), np.uint8)
    images[..., 0], images[..., 3] = 255, 51
    path = save(x=images)
    assert load(path).pixels[0, :, 0, 0].tolist() == [255, 204, 204]
    assert "Transparent parts were put on white." in load(path).preprocessing


def test_large_arrays_become_64x64_or_what_is_asked_for(save):
    path = save(x=images_of(4, 150, 200))
    assert load(path).image_shape == (1, 64, 64)
    assert "Centre-cropped and resized to 64x64 pixels from 200x150" in load(path).preprocessing[0]
    assert load(path, image_shape=(3, 32, 32)).image_shape == (3, 32, 32)


def test_labels_of_one_split_only_are_no_labels(save):
    path = save(x_train=images_of(4), x_test=images_of(4), y_train=np.arange(4))
    assert load(path).labels is None


def test_an_npz_needs_no_suffix(save, tmp_path):
    path = save(images=images_of())
    path.rename(tmp_path / "upload")
    assert len(load(tmp_path / "upload")) == 18


def test_factors_of_dsprites_are_named_and_its_shapes_are_labels(save):
    values = np.random.RandomState(0).uniform(size=(20, 6))
    values[:, 1] = np.arange(20) % 3 + 1
    path = save(
        imgs=images_of() // 128,
        latents_values=values,
        latents_classes=np.zeros((20, 6), int),
        latents_weight=np.arange(20),
        metadata=np.array({"title": "dSprites"}),
    )
    images = load(path)
    names = ["colour", "shape", "scale", "orientation", "x", "y", "weight"]
    assert list(images.factors) == names
    assert np.allclose(images.factors["y"], values[images.index, 5])
    assert images.label_names == ("square", "ellipse", "heart")
    assert np.array_equal(images.labels, images.index % 3)
    assert set(np.unique(images.pixels)) == {0, 255}


def test_other_latents_are_numbered_and_wrong_ones_refused(save):
    images = load(save(imgs=images_of(), latents_pose=np.zeros((20, 2))))
    assert list(images.factors) == ["pose 0", "pose 1"] and images.labels is None
    refused(save(imgs=images_of(), latents_pose=np.zeros((19, 2))), "there are 20 images")
    refused(save(imgs=images_of(), latents_pose=np.zeros((20, 2, 2))), "there are 20 images")
    refused(save(imgs=images_of(), latents_pose=np.zeros((20, 65))), "more than 64 latents_")
    refused(save(imgs=images_of(), latents_pose=np.full(20, np.nan)), "not finite")


def shared(name):
    if not (SHARED / name).is_file():
        pytest.skip("needs the real data of ../shared/data, the folder beside this checkout")
    return SHARED / name


def test_the_real_dsprites_load_with_their_factors():
    path = shared("dsprites_subset.npz")
    images = load(path, "test")
    assert images.pixels.shape == (2000, 1, 64, 64)
    with np.load(path) as stored:
        assert np.array_equal(images.pixels[:, 0], stored["imgs"][images.index] * 255)
        expected = stored["latents_values"][images.index].T.astype(np.float32)
    assert list(images.factors) == ["shape", "scale", "orientation", "x", "y"]
    assert np.array_equal(np.stack(list(images.factors.values())), expected)
    ticks = np.arange(64)
    centre = (images.pixels[:, 0] * ticks).sum((1, 2)) / images.pixels[:, 0].sum((1, 2))
    assert np.corrcoef(centre, images.factors["x"])[0, 1] > 0.99


@pytest.mark.parametrize(
    ("name", "shape", "labels"),
    [("frey_faces.npz", (1, 28, 20), 0), ("olivetti_faces.npz", (1, 64, 64), 40)],
)
def test_real_faces_keep_their_size(name, shape, labels):
    images = load(shared(name), "test")
    assert images.image_shape == shape and len(images.label_names) == labels
