import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from refusal import refused

import vae.data.archives
import vae.data.npz
from vae.data import load


def images_of(n=20, height=8, width=12, channels=None):
    shape = (n, height, width) if channels is None else (n, height, width, channels)
    return np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)


def npy(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


def header(text, *, version=1, data=b""):
    """An npy file with a header written by hand."""
    text = text.encode().ljust(53) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def raw(path, members):
    """An npz file with members written by hand."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def save(tmp_path):
    def write(compressed=False, **arrays):
        (np.savez_compressed if compressed else np.savez)(tmp_path / "set.npz", **arrays)
        return tmp_path / "set.npz"

    return write


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((4, 8, 8), np.nan), "not numbers"),
        (np.full((4, 8, 8), np.inf), "not numbers"),
        (np.full((4, 8, 8), -0.5), "values from -0.5 to -0.5; give 0 to 1 or 0 to 255"),
        (np.full((4, 8, 8), 256, np.uint16), "values from 256 to 256"),
        (np.full((4, 8, 8), 2**63, np.uint64), "give 0 to 1 or 0 to 255"),
        (np.zeros((4, 8, 8, 5)), r"shape \(4, 8, 8, 5\).*C 1, 3 or 4"),
        (np.zeros((4, 8, 8, 2), np.uint8), "C 1, 3 or 4"),
        (np.zeros((4, 64), np.uint8), r"shape \(4, 64\)"),
        (np.zeros((28, 28, 3), np.uint8), "sides 4 to 4096"),
        (np.zeros((4, 8, 5000), np.uint8), "sides 4 to 4096"),
        (np.uint8(3), "give images"),
        (np.zeros((0, 8, 8), np.uint8), "at least one number"),
        (np.zeros((1, 8, 8), np.uint8), "has 1 image; at least 2 are needed"),
        (np.zeros((4, 8, 8), complex), "is of type complex128; save plain numbers"),
        (np.zeros((4, 8, 8), "M8[s]"), "save plain numbers"),
        (np.zeros((4, 8, 8), [("r", "u1"), ("g", "u1")]), "save plain numbers"),
        (np.zeros((4, 8, 8), "S0"), "save plain numbers"),
        (np.full((4, 8, 8), "a"), "save plain numbers"),
    ],
)
def test_d14_d15_arrays_that_are_no_images_are_refused(save, array, message):
    refused(save(images=array), message)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(3), r"labels in set.npz has shape \(3,\); there are 20 images"),
        (np.int64(3), "there are 20 images"),
        (np.zeros((20, 10)), "give one label for each image"),
        (np.linspace(0, 1, 20), "has fractions"),
        (np.full(20, np.nan), "has fractions"),
        (np.zeros(20, complex), "is of type complex128"),
        (np.array([None] * 20), "save plain numbers|no plain array"),
    ],
)
def test_d15_labels_that_do_not_fit_are_refused(save, labels, message):
    refused(save(images=images_of(), labels=labels), message)


def test_d11_an_object_array_is_refused_where_images_are_meant(save, tmp_path):
    touched = tmp_path / "PWNED"

    class Evil:
        def __reduce__(self):
            return (Path.touch, (touched,))

    refused(save(images=np.array([Evil()] * 4)), "is of type object; save plain numbers")
    refused(raw(tmp_path / "a.npz", {"images.npy": pickle.dumps(Evil())}), "no plain array")
    refused(raw(tmp_path / "b.npz", {"images": b"text", "y.npy": npy(np.arange(2))}), "b.npz has y")
    assert not touched.exists()


def test_d11_an_object_array_beside_the_images_is_never_opened(save):
    assert len(load(save(images=images_of(), metadata=np.array({"a": 1})))) == 18


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 8, 8), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-4, 8, 8), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 8, 9), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 8, 7), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (True, 8, 8), }",
        "{'descr': '|S0', 'fortran_order': False, 'shape': (10000000000, 8, 8), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (4, 8, 8), }",
        "{'descr': '|u1', 'fortran_order': 1, 'shape': (4, 8, 8), }",
        "{'descr': '|u1', 'shape': (4, 8, 8), }",
        "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (4, 8, 8)}",
        "(" * 3000,
        "[" * 90 + "]" * 90,
        "{'descr': '" + "a" * 9000 + "', 'fortran_order': False, 'shape': (4, 8, 8), }",
        "x" * 20_000,
        "",
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_d12_headers_that_lie_are_refused_before_any_data_is_read(tmp_path, text, version):
    data = header(text, version=version, data=bytes(range(256)))
    refused(raw(tmp_path / "set.npz", {"images.npy": data}), "images in set.npz")


def test_d12_a_header_of_another_version_is_refused(tmp_path):
    good = npy(images_of(4))
    for version in (b"\3\0", b"\0\0", b"\xff\xff"):
        data = good[:6] + version + good[8:]
        refused(raw(tmp_path / "set.npz", {"images.npy": data}), "no plain array")


def test_d12_a_header_written_by_python_2_is_read(tmp_path):
    text = "{'descr': '|u1', 'fortran_order': False, 'shape': (4L, 8L, 8L), }"
    data = header(text, data=bytes(range(256)))
    assert len(load(raw(tmp_path / "set.npz", {"images.npy": data}))) == 4 - 1


def test_d12_a_header_that_claims_gigabytes_is_not_read(tmp_path):
    data = b"\x93NUMPY\2\0" + struct.pack("<I", 2**31) + bytes(10**6)
    refused(raw(tmp_path / "set.npz", {"images.npy": data}), "no plain array")


def test_d13_zeros_packed_a_thousandfold_are_refused(save):
    path = save(compressed=True, images=np.zeros((8, 2048, 2048), np.uint8))
    assert path.stat().st_size < 100_000
    refused(path, "images.npy would grow to more than 500 times its packed size")


def test_d13_arrays_over_the_limit_are_refused_by_their_header(save, monkeypatch):
    path = save(images=images_of(200))
    monkeypatch.setattr(vae.data.npz, "MAX_TOTAL", 10_000)
    refused(path, "would take 0.0 GiB; give at most")


def test_d13_the_total_of_all_arrays_is_limited(save, monkeypatch):
    path = save(x_train=images_of(60), x_test=images_of(60))
    monkeypatch.setattr(vae.data.archives, "MAX_TOTAL", 10_000)
    refused(path, "unpacked; give a part of it")


@pytest.mark.parametrize("name", ["<img src=x>", "../../x", "a\u202eb", "n" * 300])
def test_d16_hostile_names_of_arrays_are_shown_safely(tmp_path, name):
    path = raw(tmp_path / "set.npz", {f"{name}.npy": npy(images_of(4))})
    refused(path, "set.npz has .*; name the images one of images, imgs, x, X, pixels")


def test_d16_two_arrays_of_one_name_are_refused(tmp_path):
    path = tmp_path / "set.npz"
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", npy(images_of(4)))
        archive.writestr("images.npy", npy(images_of(5)))
    refused(path, "two arrays named images")


def test_an_array_cut_short_or_changed_is_refused(tmp_path):
    data = npy(images_of(4))
    for cut in (0, 5, 9, 60, len(data) - 1):
        refused(raw(tmp_path / "set.npz", {"images.npy": data[:cut]}), "images in set.npz")
    path = raw(tmp_path / "set.npz", {"images.npy": data})
    changed = bytearray(path.read_bytes())
    changed[200] ^= 1
    path.write_bytes(changed)
    refused(path, "damaged|images in set.npz")
