import io
import stat
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image
from refusal import refused

import vae.data.archives
from vae.data import DataError, load


def good():
    file = io.BytesIO()
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (8, 8)).astype(np.uint8)).save(
        file, "PNG"
    )
    return file.getvalue()


def pack(path, entries, method=zipfile.ZIP_DEFLATED):
    """Write entries, names or ZipInfos to data, beside two good pictures."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("1.png", good())
        archive.writestr("2.png", good())
        for name, data in entries:
            archive.writestr(name, data)
    return path


def patched(path, entry, *, local=None, central=None):
    """Overwrite bytes of an entry's two headers: offset to bytes."""
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo(entry).header_offset
        directory = archive.start_dir
    for offset, value in (local or {}).items():
        data[at + offset : at + offset + len(value)] = value
    found = data.index(entry.encode(), directory) - 46
    for offset, value in (central or {}).items():
        data[found + offset : found + offset + len(value)] = value
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["zeros.png", "zeros.bin", "zeros.npy"])
def test_d1_an_entry_that_grows_a_thousandfold_is_refused(tmp_path, name):
    path = pack(tmp_path / "a.zip", [(name, bytes(20 * 2**20))])
    assert path.stat().st_size < 30_000
    refused(path, "times its packed size; this looks like a zip bomb")


def test_d1_the_total_is_counted_while_it_streams(tmp_path, monkeypatch):
    path = pack(tmp_path / "a.zip", [(f"{k}.png", good()) for k in range(3, 40)])
    assert len(load(path)) == 35
    monkeypatch.setattr(vae.data.archives, "MAX_TOTAL", 20 * len(good()))
    refused(path, "unpacked; give a part of it")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_d2_other_ways_of_packing_are_refused(tmp_path, method):
    refused(pack(tmp_path / "a.zip", [("3.png", good())], method), "use plain zip")


def test_d3_overlapping_entries_are_refused(tmp_path):
    path = pack(tmp_path / "a.zip", [("3.png", good())])
    with zipfile.ZipFile(path) as archive:
        first = archive.getinfo("1.png").header_offset
    refused(patched(path, "3.png", central={42: struct.pack("<I", first)}), "overlap")


def test_d3_a_zip_in_a_zip_is_not_opened(tmp_path):
    inner = pack(tmp_path / "inner.zip", []).read_bytes()
    images = load(pack(tmp_path / "a.zip", [("inner.zip", inner), ("inner.png", inner)]))
    assert images.preprocessing[0] == "2 of 3 images used; skipped: inner.png."
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("inner.zip", inner)
    refused(tmp_path / "b.zip", "b.zip has no PNG, JPEG")


def test_d4_data_longer_than_its_header_says_is_not_unpacked(tmp_path):
    small = struct.pack("<I", 100)
    path = pack(tmp_path / "a.zip", [("3.png", np.random.bytes(10**6))])
    patched(path, "3.png", local={22: small}, central={24: small})
    assert load(path).preprocessing[0] == "2 of 3 images used; skipped: 3.png."


@pytest.mark.parametrize(
    "name",
    [
        "../../escaped.png",
        "/tmp/escaped.png",
        "C:\\escaped.png",
        "a/../../escaped.png",
        "n" * 300 + ".png",
        "CON.png",
        "gnp\u202e.png",
        "..\\..\\escaped.png",
        "//.//..//.png",
        "../..",
    ],
)
def test_d5_no_name_leads_anywhere(tmp_path, name):
    folder = tmp_path / "inside" / "deep"
    folder.mkdir(parents=True)
    images = load(pack(folder / "a.zip", [(name, good()), ("sub/../x.png", good())]))
    assert 1 <= len(images) <= 3
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.zip"]
    assert all(text.isprintable() for text in images.preprocessing)


def test_d5_labels_made_of_such_names_are_safe(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for folder in ("<img src=x>", "a\u202eb", "../..", "c" * 300):
            for k in range(3):
                archive.writestr(f"{folder}/x/{k}.png", good())
    names = load(path).label_names
    assert names == ("<img src=x>", "a?b", "c" * 57 + "...", "x")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_d6_links_and_devices_are_refused(tmp_path, kind):
    entry = zipfile.ZipInfo("link.png")
    entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
    refused(pack(tmp_path / "a.zip", [(entry, "/etc/passwd")]), "link.png is a link or a device")


def crowded(path, n, claimed):
    """A zip of n empty entries whose end record claims another number."""
    record = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, *[0] * 13, 0)[:46]
    directory = b"".join(
        record[:28] + struct.pack("<H", 8) + record[30:] + b"%04d.png" % (k % 10_000)
        for k in range(n)
    )
    start = b"PK\3\4" + bytes(26)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *[claimed] * 2, len(directory), len(start), 0)
    path.write_bytes(start + directory + end)
    return path


def test_d7_too_many_entries_are_refused_before_they_are_listed(tmp_path, monkeypatch):
    def listed(*arguments):
        raise AssertionError("the directory was read")

    monkeypatch.setattr(vae.data.archives.zipfile, "ZipFile", listed)
    refused(crowded(tmp_path / "a.zip", 30_000, 30_000), "30,000 entries; give at most 20,000")
    refused(crowded(tmp_path / "b.zip", 200_000, 5), "too many entries; give at most 20,000")


def test_d7_a_directory_longer_than_it_claims_is_refused(tmp_path):
    refused(crowded(tmp_path / "a.zip", 30_000, 5), "30,000 entries")


def test_d7_a_directory_of_zip64_is_refused(tmp_path):
    path = pack(tmp_path / "a.zip", [])
    data = path.read_bytes()
    at = data.rindex(b"PK\5\6")
    path.write_bytes(data[:at] + b"PK\6\7" + bytes(16) + data[at:])
    refused(path, "more than 65,535 entries")


def test_d8_encrypted_entries_are_refused(tmp_path):
    path = pack(tmp_path / "a.zip", [("3.png", good())])
    refused(patched(path, "3.png", local={6: b"\1"}, central={8: b"\1"}), "3.png is encrypted")


def test_d8_unknown_methods_are_refused(tmp_path):
    path = pack(tmp_path / "a.zip", [("3.png", good())])
    refused(patched(path, "3.png", local={8: b"\x61"}, central={10: b"\x61"}), "another method")


def test_d8_an_entry_with_a_wrong_checksum_is_skipped(tmp_path):
    path = pack(tmp_path / "a.zip", [("3.png", good())])
    patched(path, "3.png", central={16: struct.pack("<I", zlib.crc32(b"other"))})
    assert "skipped: 3.png" in load(path).preprocessing[0]


def test_d8_a_lie_about_sizes_is_refused(tmp_path):
    path = pack(tmp_path / "a.zip", [("3.png", good())])
    refused(patched(path, "3.png", central={20: b"\xff" * 8}), "damaged|zip bomb|overlap")


def test_d8_bytes_before_the_zip_are_refused_and_a_comment_is_not(tmp_path):
    path = pack(tmp_path / "a.zip", [])
    (tmp_path / "junk.zip").write_bytes(b"MZ" + bytes(100) + path.read_bytes())
    refused(tmp_path / "junk.zip", "a folder, a zip or an npz")
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"c" * 65535
    assert len(load(path)) == 1


def test_every_prefix_of_a_zip_is_refused(tmp_path):
    data = pack(tmp_path / "a.zip", []).read_bytes()
    for length in range(len(data)):
        (tmp_path / "cut.zip").write_bytes(data[:length])
        refused(tmp_path / "cut.zip", "cut.zip: ")


def test_a_zip_with_changed_bytes_is_read_or_refused(tmp_path):
    random = np.random.RandomState(2)
    data = np.frombuffer(pack(tmp_path / "a.zip", [("cat/3.png", good())]).read_bytes(), np.uint8)
    for _ in range(400):
        changed = data.copy()
        where = random.randint(0, len(data), random.randint(1, 5))
        changed[where] = random.randint(0, 256, len(where))
        (tmp_path / "b.zip").write_bytes(changed.tobytes())
        try:
            images = load(tmp_path / "b.zip")
        except DataError as error:
            assert str(error).isprintable()
        else:
            assert 1 <= len(images) <= 3
