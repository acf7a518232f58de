import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from encoded import encoded

import vae.data.archives
import vae.data.file_streams
import vae.data.streams
from vae.data import DataError, load, open_stream

SHAPE = (1, 12, 10)


def picture(seed, size=(10, 12), channels=3):
    random = np.random.RandomState(seed)
    image = random.randint(0, 256, (*size, channels)).astype(np.uint8)
    return encoded(image[..., 0] if channels == 1 else image)


def write(folder, files):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def pack(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.fixture(params=["folder", "zip"])
def source_of(request, tmp_path):
    def make(files):
        if request.param == "folder":
            return write(tmp_path / "source", files)
        return pack(tmp_path / "source.zip", files)

    return make


@pytest.fixture
def save(tmp_path):
    def write_npz(**arrays):
        np.savez_compressed(tmp_path / "set.npz", **arrays)
        return tmp_path / "set.npz"

    return write_npz


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(vae.data.streams, "BATCH", 7)
    monkeypatch.setattr(vae.data.file_streams, "BATCH", 7)


def check_same(source, image_shape=SHAPE, **options):
    """What streams is what loads, image by image and word by word."""
    whole = load(source, options.get("split", "all"), image_shape=image_shape)
    with open_stream(source, image_shape, **options) as stream:
        batches = list(stream.batches())
        assert all(len(batch.pixels) <= 7 for batch in batches)
        assert batches[-1].done == stream.total
        assert stream.notes == whole.preprocessing
        index = np.concatenate([batch.index for batch in batches])
        known = stream.known(index)
        assert (stream.name, stream.split) == (whole.name, whole.split)
    assert np.array_equal(np.concatenate([batch.pixels for batch in batches]), whole.pixels)
    assert np.array_equal(index, whole.index)
    assert known.label_names == whole.label_names
    assert np.array_equal(known.labels, whole.labels)
    assert known.factors.keys() == whole.factors.keys()
    for name, values in known.factors.items():
        assert np.array_equal(values, whole.factors[name])
    return batches


@pytest.mark.parametrize("shape", [SHAPE, (3, 10, 12), (3, 20, 20), (1, 8, 30)])
def test_pictures_stream_as_they_load(source_of, shape):
    files = {f"{k % 3}/{k:02}.png": picture(k) for k in range(20)}
    files |= {"0/grey.png": picture(50, channels=1), "1/tall.png": picture(51, (40, 9))}
    check_same(source_of(files | {"notes.txt": b"hello"}), shape)


@pytest.mark.parametrize("shape", [SHAPE, (3, 10, 12)])
def test_grey_pictures_stream_as_they_load(source_of, shape):
    check_same(source_of({f"{k:02}.png": picture(k, channels=1) for k in range(9)}), shape)


def test_grey_pictures_stored_as_rgb_stream_as_they_load(source_of):
    grey = np.random.RandomState(0).randint(0, 256, (10, 12, 1)).astype(np.uint8).repeat(3, 2)
    check_same(source_of({f"{k:02}.png": encoded(grey) for k in range(9)}))


def test_folders_of_splits_and_wrappings_stream_as_they_load(source_of):
    files = {f"set/{s}/{k % 2}/{k}.png": picture(k) for k in range(9) for s in ("train", "test")}
    check_same(source_of(files))


def images_of(n=20, channels=None):
    shape = (n, 10, 12) if channels is None else (n, 10, 12, channels)
    return np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize(
    "images",
    [
        images_of(),
        images_of(channels=3),
        images_of(channels=4),
        images_of(channels=3).transpose(0, 3, 1, 2),
        np.asfortranarray(images_of(channels=3)),
        images_of() / 255,
        (images_of() / 255).astype(">f4"),
        images_of().astype(np.float64) + 0.3,
        images_of().astype(np.int64),
        images_of() > 100,
        np.minimum(images_of(), 1),
        np.zeros((9, 10, 12), np.uint8),
    ],
    ids=lambda images: f"{images.dtype}-{images.shape}",
)
@pytest.mark.parametrize("shape", [SHAPE, (3, 10, 12)])
def test_arrays_stream_as_they_load(save, images, shape):
    images = np.minimum(images, 255) if images.dtype.kind == "f" else images
    check_same(save(images=images, labels=np.arange(len(images)) % 3), shape)


def test_bytes_that_are_dark_at_first_are_scaled_by_the_whole_array(save):
    images = images_of(30)
    images[:20] = 1
    check_same(save(images=images))


def test_two_arrays_of_two_types_stream_as_they_load(save):
    check_same(
        save(
            x_train=images_of(15), y_train=np.arange(15), x_test=images_of(3) / 2, y_test=[1, 2, 3]
        )
    )


def test_factors_stream_as_they_load(save):
    values = np.random.RandomState(0).uniform(size=(20, 6))
    values[:, 1] = np.arange(20) % 3 + 1
    check_same(save(imgs=images_of() // 128, latents_values=values))


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_source_by_name_streams_as_it_loads(split):
    check_same("digits", (1, 16, 16), split=split)


def test_large_images_are_read_a_few_at_a_time(save, monkeypatch):
    monkeypatch.setattr(vae.data.file_streams, "PIECE_BYTES", 300)
    batches = check_same(save(images=images_of()))
    assert max(len(batch.pixels) for batch in batches) == 2


def test_a_corrupt_image_among_good_ones_is_skipped_and_counted(source_of):
    files = {f"{k:03}.png": picture(k) for k in range(97)}
    files |= {f"bad{k}.png": b"nothing" for k in range(5)}
    path = source_of(files)
    check_same(path)
    with open_stream(path, SHAPE) as stream:
        assert sum(len(batch.pixels) for batch in stream.batches()) == 97
        assert stream.total == 102
        assert stream.notes[0] == (
            "97 of 102 images used; skipped: bad0.png, bad1.png, bad2.png and 2 more."
        )


def refused(path, message, **options):
    with (
        pytest.raises(DataError, match=message) as caught,
        open_stream(path, SHAPE, **options) as stream,
    ):
        index = np.concatenate([batch.index for batch in stream.batches()])
        stream.known(index)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"notes.txt": b"hello"}, "has no PNG, JPEG, WebP, GIF or BMP pictures in it"),
        ({"a.png": b"x", "b.png": b""}, "none of the 2 pictures in source.* can be used; a.png: "),
    ],
)
def test_an_empty_set_of_pictures_is_refused(source_of, files, message):
    refused(source_of(files), message)


def test_an_empty_folder_zip_or_array_is_refused(tmp_path, save):
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "empty has no PNG")
    refused(pack(tmp_path / "empty.zip", {}), "the zip is empty; pack some pictures or arrays")
    refused(save(images=np.zeros((0, 8, 8))), "must hold at least one number")


@pytest.mark.parametrize("local", [False, True])
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, local):
    for name in ("zeros.png", "images.npy"):
        with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, bytes(20 * 2**20))
        refused(tmp_path / "bomb.zip", "this looks like a zip bomb", local=local)


@pytest.mark.parametrize("local", [False, True])
def test_paths_in_a_zip_lead_nowhere(tmp_path, local):
    folder = tmp_path / "inside" / "deep"
    folder.mkdir(parents=True)
    names = ["../../escaped.png", "/tmp/escaped.png", "C:\\escaped.png", "a/../b.png", "good.png"]
    path = pack(folder / "a.zip", {name: picture(0) for name in names})
    check_same(path)
    with open_stream(path, SHAPE, local=local) as stream:
        assert sum(len(batch.pixels) for batch in stream.batches()) == len(names)
    assert [found.name for found in tmp_path.rglob("*") if found.is_file()] == ["a.zip"]
    assert not Path("/tmp/escaped.png").exists()


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A zip of 100,000 tiny pictures, which needs the zip64 format."""
    content = picture(0, channels=1)
    names = {f"{k:06}.png": content for k in range(100_000)}
    return pack(tmp_path_factory.mktemp("crowd") / "crowd.zip", names)


def test_100_000_tiny_files_in_a_strangers_zip_are_refused(crowd):
    refused(crowd, "crowd.zip: the zip has more than 65,535 entries; give at most 20,000")


def test_100_000_tiny_files_in_ones_own_zip_are_read(crowd, monkeypatch):
    with open_stream(crowd, SHAPE, local=True) as stream:
        assert stream.total == 100_000
        first = next(stream.batches())
    assert first.index.tolist() == list(range(7))
    monkeypatch.setattr(vae.data.archives, "LOCAL_ENTRIES", 99_999)
    monkeypatch.setattr(vae.data.archives.zipfile, "ZipFile", None)  # refused before it is listed
    refused(crowd, "the zip has 100,000 entries; give at most 99,999", local=True)


def test_a_directory_of_zip64_that_is_damaged_is_refused(crowd, tmp_path):
    data = bytearray(crowd.read_bytes())
    at = data.rindex(b"PK\6\6")
    data[at : at + 4] = b"PK\0\0"
    (tmp_path / "a.zip").write_bytes(data)
    refused(tmp_path / "a.zip", "directory is damaged", local=True)


def test_a_folder_of_too_many_files_is_refused_and_ones_own_may_have_more(tmp_path, monkeypatch):
    path = write(tmp_path / "a", {f"{k}.png": picture(k) for k in range(9)})
    monkeypatch.setattr(vae.data.picture_files, "MAX_FILES", 8)
    refused(path, "a has more than 8 files")
    with open_stream(path, SHAPE, local=True) as stream:
        assert stream.total == 9
    monkeypatch.setattr(vae.data.picture_files, "LOCAL_FILES", 8)
    refused(path, "a has more than 8 files", local=True)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.full((20, 8, 8), np.nan)}, "not numbers"),
        ({"images": np.full((20, 8, 8), 256.0)}, "give 0 to 1 or 0 to 255"),
        ({"images": np.zeros((20, 64))}, r"shape \(20, 64\); give images"),
        ({"images": np.array([None] * 20)}, "is of type object; save plain numbers"),
        ({"images": images_of(), "labels": np.arange(3)}, "there are 20 images"),
        ({"other": images_of()}, "name the images one of"),
    ],
)
def test_arrays_that_are_no_images_are_refused(save, arrays, message):
    refused(save(**arrays), message)


def test_a_number_missing_among_the_last_images_is_found(save):
    train, test = np.ones((10, 8, 8)), np.ones((10, 8, 8))
    test[9, 7, 7] = np.nan
    path = save(x_train=train, x_test=test)
    refused(path, "not numbers")
    with pytest.raises(DataError, match="not numbers"):
        load(path)


def test_an_array_that_is_damaged_behind_its_start_is_refused(tmp_path):
    np.savez(tmp_path / "set.npz", images=images_of(200))
    data = bytearray((tmp_path / "set.npz").read_bytes())
    data[20_000] ^= 1
    (tmp_path / "set.npz").write_bytes(data)
    refused(tmp_path / "set.npz", "an entry of set.npz is damaged")


def test_what_is_read_twice_counts_once(save, monkeypatch):
    path = save(images=images_of(60) / 255)
    monkeypatch.setattr(vae.data.archives, "MAX_TOTAL", 60 * 10 * 12 * 8 + 30_000)
    check_same(path)
    monkeypatch.setattr(vae.data.archives, "MAX_TOTAL", 60 * 10 * 12 * 8 - 1)
    refused(path, "give at most")


def test_mistakes_are_named(tmp_path):
    refused("nowhere", "there is no data source, folder or file 'nowhere'; choose one of digits")
    refused("", "there is no data source")
    refused("digits", "digits has the splits train and test; choose one", split="all")
    path = write(tmp_path / "a", {"a.png": picture(0)})
    refused(path, "split is 'test'; a folder, zip or npz file is read whole", split="test")


def fingerprint(source):
    with open_stream(source, SHAPE) as stream:
        return stream.fingerprint()


@pytest.mark.parametrize("hashed", [0, 2**26])
def test_a_fingerprint_changes_with_the_file(save, monkeypatch, hashed):
    monkeypatch.setattr(vae.data.file_streams, "HASHED_BYTES", hashed)
    path = save(images=images_of())
    before = fingerprint(path)
    assert fingerprint(path) == before
    changed = images_of()
    changed[0, 0, 0] ^= 1
    save(images=changed)
    assert fingerprint(path) != before


def test_a_fingerprint_of_content_stays_when_the_file_is_touched(save, tmp_path):
    path = save(images=images_of())
    before = fingerprint(path)
    os.utime(path, (0, 0))
    assert fingerprint(path) == before
    path.rename(tmp_path / "other.npz")
    assert fingerprint(tmp_path / "other.npz") == before


def test_a_fingerprint_changes_with_a_folder(tmp_path):
    path = write(tmp_path / "a", {f"{k}.png": picture(k) for k in range(3)})
    seen = [fingerprint(path), fingerprint(path)]
    assert seen[0] == seen[1]
    os.utime(path / "0.png", (0, 0))
    seen.append(fingerprint(path))
    (path / "0.png").rename(path / "3.png")
    seen.append(fingerprint(path))
    (path / "1.png").unlink()
    seen.append(fingerprint(path))
    assert len(set(seen[1:])) == 4


def test_a_fingerprint_of_a_source_by_name_is_that_of_its_images():
    with open_stream("digits", (1, 8, 8)) as one, open_stream("digits", (1, 8, 8)) as same:
        assert one.fingerprint() == same.fingerprint()
    with open_stream("digits", (1, 8, 8), split="train") as other:
        assert one.fingerprint() != other.fingerprint()
