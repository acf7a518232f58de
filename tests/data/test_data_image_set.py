import numpy as np
import pytest
import torch

from vae.data import DataError, ImageSet, load
from vae.data.errors import safe_label
from vae.data.image_set import split_rows


def parts(**changes):
    return {
        "name": "blank",
        "split": "train",
        "pixels": np.arange(3 * 64, dtype=np.uint8).reshape(3, 1, 8, 8),
        "index": np.array([4, 0, 7]),
        "labels": np.array([1, 0, 1]),
        "label_names": ("cat", "dog"),
        "factors": {"scale": np.array([0.5, 1, 2], np.float32)},
        "preprocessing": ("Drawn by hand.",),
    } | changes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "validation"}, "split is 'validation'; choose one of train, test"),
        ({"pixels": np.zeros((3, 1, 8, 8))}, "uint8 images"),
        ({"pixels": np.zeros((3, 8, 8), np.uint8)}, r"shape \(3, 8, 8\)"),
        ({"pixels": np.zeros((0, 1, 8, 8), np.uint8)}, "N >= 1"),
        ({"pixels": np.zeros((3, 2, 8, 8), np.uint8)}, "1 or 3 channels"),
        ({"pixels": np.zeros((3, 1, 8, 129), np.uint8)}, "sides 8 to 128"),
        ({"pixels": [[1]]}, "pixels have shape"),
        ({"index": np.arange(4)}, "index is int64"),
        ({"index": np.arange(3, dtype=np.int32)}, "give int64"),
        ({"labels": [1, 0, 1]}, "labels is .*list"),
        ({"labels": np.array([0, 1, 2])}, "labels go from 0 to 2"),
        ({"labels": np.array([0, 1, -1])}, "labels go from -1 to 1"),
        ({"labels": None}, "give both or neither"),
        ({"factors": {"x": np.zeros(2, np.float32)}}, "factor x is"),
        ({"factors": {"x": np.full(3, np.nan, np.float32)}}, "not finite"),
    ],
)
def test_parts_that_do_not_fit_are_refused_by_name(change, message):
    with pytest.raises(DataError, match=message):
        ImageSet(**parts(**change))


def test_the_tensor_is_a_copy_in_zero_to_one():
    images = ImageSet(**parts(pixels=np.array([0, 51, 255] * 64, np.uint8).reshape(3, 1, 8, 8)))
    x = images.tensor()
    assert x.dtype == torch.float32 and x.shape == (3, 1, 8, 8)
    assert sorted(x.unique().tolist()) == pytest.approx([0, 0.2, 1])
    x.zero_()
    assert images.pixels.max() == 255
    assert torch.equal(images.tensor(slice(1, 3)), images.tensor(np.array([1, 2])))


def test_a_subset_keeps_everything_in_step():
    some = ImageSet(**parts()).subset([2, 0])
    assert some.index.tolist() == [7, 4] and some.labels.tolist() == [1, 1]
    assert some.factors["scale"].tolist() == [2, 0.5]
    assert some.pixels[1, 0, 0, 1] == 1 and some.preprocessing == ("Drawn by hand.",)
    assert len(some) == 2 and some.image_shape == (1, 8, 8)


def test_a_set_cannot_be_changed():
    with pytest.raises(AttributeError):
        ImageSet(**parts()).split = "test"


@pytest.mark.parametrize("n", [2, 10, 1797])
def test_splits_are_disjoint_complete_and_the_same_every_time(n):
    train, test = split_rows(n, "train", 1), split_rows(n, "test", 1)
    assert sorted([*train, *test]) == list(range(n)) and len(test) == 1
    assert np.array_equal(train, split_rows(n, "train", 1))


def test_an_unknown_split_is_refused_before_anything_is_read():
    with pytest.raises(DataError, match="choose one of train, test"):
        load("digits", "validation")


def test_names_are_cut_and_cleaned():
    assert safe_label("a" * 300) == "a" * 57 + "..."
    assert safe_label("new\nline\x1b[31m") == "new?line?[31m"
    assert safe_label("été 猫.png") == "été 猫.png"
    assert safe_label("broken\udcff") == "broken?"
