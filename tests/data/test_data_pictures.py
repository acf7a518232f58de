import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vae.data.fitting
import vae.data.picture_files
from vae.data import DataError, fit_image, load, read_image

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def picture(seed, size=(10, 12), channels=3):
    """A random picture (H, W, C), another one for each seed."""
    random = np.random.RandomState(seed)
    return random.randint(0, 256, (*size, channels)).astype(np.uint8)


def encoded(image, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(file, kind)
    return file.getvalue()


def write(folder, files):
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def pack(path, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def numbered(n, prefix="", **options):
    return {f"{prefix}{k:03}.png": encoded(picture(k, **options)) for k in range(n)}


def both(source, **options):
    return load(source, "train", **options), load(source, "test", **options)


@pytest.fixture(params=["folder", "zip"])
def source_of(request, tmp_path):
    """Make a folder or a zip of files: both must give the same images."""

    def make(files):
        if request.param == "folder":
            return write(tmp_path / "source", files)
        return pack(tmp_path / "source.zip", files)

    return make


def test_every_picture_is_in_one_split_and_keeps_its_pixels(source_of):
    train, test = both(source_of(numbered(20)))
    assert len(train) == 18 and len(test) == 2
    assert sorted([*train.index, *test.index]) == list(range(20))
    for images in (train, test):
        for row, index in enumerate(images.index):
            assert np.array_equal(images.pixels[row], picture(index).transpose(2, 0, 1))
    assert train.labels is None and train.label_names == ()
    assert train.name.startswith("source")


def test_the_order_on_disk_does_not_matter(tmp_path):
    files = numbered(12)
    one = load(pack(tmp_path / "a.zip", files), "test")
    other = load(pack(tmp_path / "b.zip", dict(reversed(files.items()))), "test")
    folder = load(write(tmp_path / "c", files), "test")
    assert np.array_equal(one.index, other.index) and np.array_equal(one.index, folder.index)
    assert np.array_equal(one.pixels, other.pixels) and np.array_equal(one.pixels, folder.pixels)


def test_sub_folders_are_the_labels_when_all_pictures_lie_in_them(source_of):
    files = numbered(6, "cat/") | numbered(6, "dog/") | numbered(3, "dog/old/")
    train, test = both(source_of(files))
    assert train.label_names == test.label_names == ("cat", "dog")
    index = np.concatenate([train.index, test.index])
    labels = np.concatenate([train.labels, test.labels])
    assert np.array_equal(labels, index >= 6)


def test_a_picture_beside_the_sub_folders_means_no_labels(source_of):
    images = load(source_of(numbered(6, "cat/") | numbered(6, "dog/") | numbered(1)))
    assert images.labels is None


def test_a_folder_wrapped_around_a_zip_is_no_label(tmp_path):
    wrapped = pack(tmp_path / "a.zip", numbered(4, "pets/cat/") | numbered(4, "pets/dog/"))
    assert load(wrapped).label_names == ("cat", "dog")
    assert load(pack(tmp_path / "b.zip", numbered(4, "pets/"))).labels is None


def test_neither_junk_nor_a_readme_hides_the_wrapping(tmp_path):
    junk = {"__MACOSX/pets/cat/._000.png": b"junk", "README.md": b"# Pets", ".DS_Store": b""}
    files = numbered(4, "pets/cat/") | numbered(4, "pets/dog/") | junk
    assert load(pack(tmp_path / "a.zip", files)).label_names == ("cat", "dog")
    files = numbered(4, "pets/cat/") | numbered(1, "pets/")
    assert load(pack(tmp_path / "b.zip", files)).labels is None


def test_arrays_among_the_pictures_are_other_files(source_of):
    images = load(source_of(numbered(4) | {"labels.npy": b"\x93NUMPY"}))
    assert images.preprocessing[0] == "1 other file was ignored, no pictures by their names."


def test_folders_train_and_test_are_the_splits(source_of):
    files = numbered(4, "train/cat/") | numbered(2, "train/dog/") | numbered(3, "test/cat/")
    train, test = both(source_of(files))
    assert len(train) == 6 and len(test) == 3
    assert train.label_names == test.label_names == ("cat", "dog")
    assert "The folders train and test are the splits." in train.preprocessing


def test_pictures_of_different_sizes_become_64x64(source_of):
    files = {"a.png": encoded(picture(1)), "b.png": encoded(picture(2, (20, 90)))}
    train, test = both(source_of(files))
    assert train.image_shape == test.image_shape == (3, 64, 64)
    originals = [picture(1), picture(2, (20, 90))]
    for images in (train, test):
        expected = fit_image(originals[images.index[0]], (3, 64, 64))
        assert np.array_equal(images.pixels[0], expected)
    assert (
        "Centre-cropped and resized to 64x64 pixels from different sizes (Lanczos to shrink, "
        "bilinear to enlarge)." in train.preprocessing
    )


def test_the_order_of_sizes_does_not_change_a_picture(tmp_path):
    small, large = encoded(picture(1)), encoded(picture(2, (40, 40)))
    first = load(write(tmp_path / "a", {"1.png": small, "2.png": large}), "test")
    other = load(write(tmp_path / "b", {"1.png": large, "2.png": small}), "train")
    assert first.index[0] != other.index[0]
    assert np.array_equal(first.pixels, other.pixels)


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((8, 128), (3, 8, 128)),
        ((129, 129), (3, 64, 64)),
        ((7, 30), (3, 64, 64)),
        ((64, 64), (3, 64, 64)),
    ],
)
def test_a_common_size_is_kept_when_a_model_can_have_it(source_of, size, shape):
    images = load(source_of(numbered(3, size=size)))
    assert images.image_shape == shape
    assert any("esized to" in text for text in images.preprocessing) == (size != shape[1:])


def test_the_shape_of_a_model_can_be_asked_for(source_of):
    images = load(source_of(numbered(4)), image_shape=(1, 28, 28))
    assert images.image_shape == (1, 28, 28)
    assert np.array_equal(images.pixels[0], fit_image(picture(images.index[0]), (1, 28, 28)))
    assert "Colours were turned to grey (ITU-R 601 luma)." in images.preprocessing


def test_images_are_grey_when_every_one_is(source_of):
    grey = {k: picture(k, channels=1) for k in range(4)}
    files = {f"{k}.png": encoded(image) for k, image in grey.items()}
    assert load(source_of(files)).image_shape == (1, 10, 12)
    files["3.png"] = encoded(grey[3].repeat(3, 2))
    images = load(source_of(files))
    assert images.image_shape == (1, 10, 12)
    assert "Every image is grey: one channel kept." in images.preprocessing
    files["4.png"] = encoded(picture(4))
    images = load(source_of(files))
    assert images.image_shape == (3, 10, 12)
    assert "Grey images were repeated in three channels." in images.preprocessing


def test_d9_damaged_pictures_are_skipped_counted_and_named(source_of):
    files = numbered(97) | {f"bad{k}\u202e.png": b"nothing" for k in range(5)}
    train, test = both(source_of(files))
    assert len(train) + len(test) == 97
    assert train.preprocessing[0] == (
        "97 of 102 images used; skipped: bad0?.png, bad1?.png, bad2?.png and 2 more."
    )


def test_d9_the_files_of_operating_systems_are_ignored(source_of):
    files = {
        "__MACOSX/._000.png": b"resource fork",
        "__MACOSX/deeper/a.png": b"resource fork",
        ".DS_Store": b"",
        "cat/.DS_Store": b"",
        "Thumbs.db": b"",
        "cat/._001.png": b"resource fork",
        ".hidden/a.png": b"nothing",
    }
    images = load(source_of(numbered(4, "cat/") | numbered(4, "dog/") | files))
    assert images.label_names == ("cat", "dog")
    assert not any("skipped" in text or "ignored" in text for text in images.preprocessing)


def test_other_files_are_ignored_and_counted(source_of):
    images = load(source_of(numbered(4) | {"labels.csv": b"1,2", "scan.tif": b"II*\0"}))
    assert "2 other files were ignored, no pictures by their names." in images.preprocessing


def test_what_was_done_to_some_pictures_is_told(source_of):
    clear = Image.new("RGBA", (12, 10), (255, 0, 0, 100))
    file = io.BytesIO()
    clear.save(file, "PNG")
    images = load(source_of(numbered(3) | {"clear.png": file.getvalue()}))
    assert "Transparent parts were put on white." in images.preprocessing


def test_the_suffix_does_not_decide_the_format(source_of):
    files = {"a.jpg": encoded(picture(1)), "b.PNG": encoded(picture(2), "BMP")}
    assert len(load(source_of(files))) == 1


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no PNG, JPEG, WebP, GIF or BMP pictures|the zip is empty"),
        ({"notes.txt": b"hello"}, "has no PNG, JPEG"),
        ({"a.png": b"x", "b.png": b""}, "none of the 2 pictures in source.* can be used; a.png: "),
        (numbered(1), "has 1 image; at least 2 are needed"),
        (numbered(1) | {"bad.png": b"x"}, "has 1 image"),
    ],
)
def test_d10_too_few_pictures_are_refused(source_of, files, message):
    with pytest.raises(DataError, match=message):
        load(source_of(files))


def test_d10_two_pictures_are_enough_and_copies_of_one_picture_are_no_mistake(source_of):
    train, test = both(source_of({name: encoded(picture(0)) for name in ("a.png", "b.png")}))
    assert len(train) == len(test) == 1 and np.array_equal(train.pixels, test.pixels)


def test_pipes_and_linked_folders_in_a_folder_do_no_harm(tmp_path):
    folder = write(tmp_path / "source", numbered(4))
    os.mkfifo(folder / "pipe.png")
    (folder / "loop").symlink_to(folder)
    images = load(folder)
    assert images.preprocessing[0] == "4 of 5 images used; skipped: pipe.png."


def test_a_folder_that_cannot_be_listed_is_refused(tmp_path, monkeypatch):
    def walk(path, onerror):
        onerror(PermissionError(13, "Permission denied"))

    monkeypatch.setattr(vae.data.picture_files.os, "walk", walk)
    with pytest.raises(DataError, match="cannot be read; check its permissions"):
        load(tmp_path)


def test_a_folder_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(vae.data.picture_files, "MAX_FILES", 3)
    with pytest.raises(DataError, match="more than 3 files"):
        load(write(tmp_path / "source", numbered(4)))


def test_images_that_would_not_fit_in_memory_are_refused(source_of, monkeypatch):
    monkeypatch.setattr(vae.data.fitting, "MAX_TOTAL", 1000)
    with pytest.raises(DataError, match=r"the images take more than .* give fewer"):
        load(source_of(numbered(4)))


def test_a_folder_named_by_a_dot_has_a_name(tmp_path, monkeypatch):
    write(tmp_path / "faces", numbered(4))
    monkeypatch.chdir(tmp_path / "faces")
    assert load(".").name == "faces"


def test_the_emoji_are_72_pixels_on_white():
    if not (SHARED / "noto_emoji_72.zip").is_file():
        pytest.skip("needs the real data of ../shared/data, the folder beside this checkout")
    images = load(SHARED / "noto_emoji_72.zip", "test")
    assert images.pixels.shape == (358, 3, 72, 72)
    assert "Transparent parts were put on white." in images.preprocessing
    with zipfile.ZipFile(SHARED / "noto_emoji_72.zip") as archive:
        name = sorted(archive.namelist())[images.index[0]]
        original = read_image(archive.read(name))
    assert np.array_equal(images.pixels[0], original.transpose(2, 0, 1))


def test_the_whole_of_a_folder_a_zip_or_an_npz_comes_in_its_own_order(tmp_path):
    files = numbered(5)
    expected = np.stack([picture(k) for k in range(5)]).transpose(0, 3, 1, 2)
    np.savez(tmp_path / "a.npz", images=expected)
    sources = [write(tmp_path / "a", files), pack(tmp_path / "a.zip", files), tmp_path / "a.npz"]
    for source in sources:
        images = load(source, "all")
        assert images.split == "all" and images.index.tolist() == [0, 1, 2, 3, 4]
        assert np.array_equal(images.pixels, expected)
    one = load(write(tmp_path / "one", numbered(1)), "all")
    assert len(one) == 1
    split = load(write(tmp_path / "c", numbered(2, "train/") | numbered(1, "test/")), "all")
    assert len(split) == 3 and split.labels is None


def test_a_source_by_name_keeps_its_splits():
    with pytest.raises(DataError, match="mnist has the splits train and test; choose one"):
        load("mnist", "all")
