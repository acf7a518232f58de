import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

import vae.data
from vae.checkpoints import load_codes, load_model, read_card
from vae.cli import main
from vae.latent import decode, encode, to_uint8
from vae.projections import Settings, project

ROOT = Path(__file__).parents[1]
TRAIN = ["--latent-dim", "2", "--family", "mlp", "--width", "16", "--batch-size", "32"]


@pytest.fixture(autouse=True)
def on_the_shelf(shelf, monkeypatch):
    monkeypatch.setenv("LATENT_CHECKPOINTS_DIR", str(shelf))


@pytest.fixture
def picture(tmp_path, bars_file) -> Path:
    path = tmp_path / "bar.png"
    Image.fromarray(vae.data.load(bars_file, "train").pixels[0, 0]).save(path)
    return path


def read_picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def output(capsys, *arguments) -> str:
    assert main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def test_list_prints_objects_with_their_reason(capsys, shelf, monkeypatch, tmp_path):
    folder = shutil.copytree(shelf, tmp_path / "shelf")
    (folder / "foreign").mkdir()
    monkeypatch.setenv("LATENT_CHECKPOINTS_DIR", str(folder))
    rows = {row["name"]: row for row in json.loads(output(capsys, "list", "--json"))}
    assert set(rows) == {"bars-3d", "bars-3d-autoencoder", "foreign"}
    good = rows["bars-3d"]
    assert good["ok"] and good["latent_dim"] == 3 and good["image_shape"] == [1, 8, 8]
    assert good["data"] == "bars.npz" and Path(good["path"]) == folder / "bars-3d"
    assert not rows["foreign"]["ok"] and "config.json" in rows["foreign"]["reason"]
    assert "bars-3d" in output(capsys, "list")


def test_evaluate_gives_the_figures_of_metrics_json(capsys, shelf, bars_file):
    found = json.loads(output(capsys, "evaluate", "bars-3d", "--data", bars_file, "--json"))
    assert set(found) >= {
        "n",
        "split",
        "likelihood",
        "reconstruction_nll",
        "reconstruction_nll_at_mean",
        "kl",
        "elbo",
        "kl_per_dim",
        "active_units",
        "mse",
        "psnr",
    }
    assert found["n"] == 256 and found["likelihood"] == "grey-pixel BCE"
    assert len(found["kl_per_dim"]) == 3
    few = json.loads(
        output(capsys, "evaluate", "bars-3d", "--data", bars_file, "--limit", "10", "--json")
    )
    assert few["n"] == 10
    assert "elbo" in output(capsys, "evaluate", "bars-3d", "--data", bars_file)


def test_evaluate_prints_null_only_for_what_an_autoencoder_lacks(capsys, bars_file):
    found = json.loads(
        output(capsys, "evaluate", "bars-3d-autoencoder", "--data", bars_file, "--json")
    )
    assert {name for name, value in found.items() if value is None} == {"kl", "elbo", "kl_per_dim"}


def test_encode_writes_the_codes_of_images(capsys, shelf, picture, tmp_path):
    out = tmp_path / "codes.npz"
    output(capsys, "encode", "bars-3d", picture, picture, "--out", out)
    with np.load(out) as codes:
        pixels = read_picture(picture)[None, None]
        mean, log_var = encode(load_model(read_card(shelf / "bars-3d")), pixels)
        np.testing.assert_allclose(codes["mean"], np.repeat(mean, 2, 0), atol=1e-6)
        np.testing.assert_allclose(codes["log_var"], np.repeat(log_var, 2, 0), atol=1e-6)
        assert codes["names"].tolist() == ["bar.png", "bar.png"]


def test_encode_takes_a_whole_data_set(capsys, bars_file, tmp_path):
    output(capsys, "encode", "bars-3d-autoencoder", bars_file, "--out", tmp_path / "codes.npz")
    with np.load(tmp_path / "codes.npz") as codes:
        assert codes["mean"].shape == (256, 3) and "log_var" not in codes


@pytest.mark.parametrize("joined", [True, False])
def test_decode_writes_the_picture_of_a_code_that_starts_with_a_minus(
    capsys, shelf, tmp_path, joined
):
    code = ["--z=-1,0.5,0"] if joined else ["--z", "-1,0.5,0"]
    output(capsys, "decode", shelf / "bars-3d", *code, "--out", tmp_path / "a.png")
    expected = decode(load_model(read_card(shelf / "bars-3d")), np.array([[-1, 0.5, 0]]))
    assert np.array_equal(read_picture(tmp_path / "a.png"), to_uint8(expected)[0, ..., 0])
    output(capsys, "decode", "bars-3d", *code, "--out", tmp_path / "b.png", "--scale", "3")
    assert read_picture(tmp_path / "b.png").shape == (24, 24)


def test_traverse_draws_a_row_a_dimension(capsys, tmp_path):
    output(capsys, "traverse", "bars-3d", "--out", tmp_path / "grid.png", "--steps", "5")
    height, width = read_picture(tmp_path / "grid.png").shape
    assert width == 5 * 9 - 1 and (height + 1) % 9 == 0


@pytest.fixture
def other_picture(tmp_path, bars_file) -> Path:
    path = tmp_path / "other.png"
    Image.fromarray(vae.data.load(bars_file, "train").pixels[9, 0]).save(path)
    return path


@pytest.mark.parametrize("path", ["linear", "spherical", "geodesic"])
def test_interpolate_goes_from_one_decoded_end_to_the_other(
    capsys, shelf, picture, other_picture, tmp_path, path
):
    model = load_model(read_card(shelf / "bars-3d"))
    pixels = np.stack([read_picture(p)[None] for p in (picture, other_picture)])
    ends = to_uint8(decode(model, encode(model, pixels)[0]))[..., 0]
    arguments = ["interpolate", "bars-3d", picture, other_picture, "--path", path, "--steps", 6]
    output(capsys, *arguments, "--out", tmp_path / "strip.png")
    strip = read_picture(tmp_path / "strip.png")
    assert strip.shape == (8, 7 * 9 - 1)
    np.testing.assert_array_equal(strip[:, :8], ends[0])
    np.testing.assert_array_equal(strip[:, -8:], ends[1])
    for suffix in ("webp", "gif"):
        output(capsys, *arguments, "--out", tmp_path / f"walk.{suffix}", "--scale", 2)
        with Image.open(tmp_path / f"walk.{suffix}") as walk:
            assert walk.n_frames == 7
            for frame, end in ((0, ends[0]), (6, ends[1])):
                walk.seek(frame)
                seen = np.asarray(walk.convert("L"))
                np.testing.assert_array_equal(seen, end.repeat(2, 0).repeat(2, 1))


def test_interpolate_closes_the_way_through_several(
    capsys, shelf, picture, other_picture, tmp_path
):
    given = [picture, other_picture, picture]
    output(capsys, "interpolate", "bars-3d", *given, "--steps", 2, "--out", tmp_path / "strip.png")
    strip = read_picture(tmp_path / "strip.png")
    assert strip.shape == (8, 7 * 9 - 1)
    np.testing.assert_array_equal(strip[:, :8], strip[:, -8:])


@pytest.mark.parametrize("kind", ["csv", "parquet", "npz"])
def test_project_writes_a_map_of_the_held_out_codes(capsys, shelf, tmp_path, kind):
    card = read_card(shelf / "bars-3d")
    out = tmp_path / f"map.{kind}"
    said = output(capsys, "project", "bars-3d", "--method", "pca", "--out", out)
    assert "share of variance" in said
    codes = load_codes(card)
    codes = codes.subset(codes.held_out)
    expected = project(codes.mean, Settings("pca")).points
    if kind == "npz":
        with np.load(out) as arrays:
            columns, about = dict(arrays), json.loads(str(arrays["about"]))
    elif kind == "parquet":
        table = pyarrow.parquet.read_table(out)
        columns = {name: table[name].to_numpy() for name in table.column_names}
        about = json.loads(table.schema.metadata[b"about"])
    else:
        first, rest = out.read_text().split("\n", 1)
        about = json.loads(first.removeprefix("# "))
        rows = list(csv.DictReader(io.StringIO(rest)))
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    assert about["checkpoint"] == card.id
    assert about["method"] == "pca"
    for name, column in (("x", expected[:, 0]), ("y", expected[:, 1]), ("z2", codes.mean[:, 2])):
        np.testing.assert_allclose(columns[name].astype(float), column, rtol=1e-5)
    assert (columns["index"].astype(int) == codes.index).all()


def test_project_takes_images_of_one_s_own(capsys, shelf, bars_file, tmp_path):
    out = tmp_path / "map.npz"
    arguments = ["project", "bars-3d", "--data", bars_file, "--method", "raw", "--out", out]
    assert "trustworthiness" in output(capsys, *arguments)
    with np.load(out) as arrays:
        np.testing.assert_array_equal(arrays["x"], arrays["z0"])
        assert len(arrays["x"]) == 256


def test_train_makes_a_checkpoint_that_everything_else_reads(capsys, tmp_path):
    out = tmp_path / "mine"
    output(
        capsys, "train", "--data", "digits", "--out", out, "--epochs", "2", "--title", "T", *TRAIN
    )
    card = read_card(out)
    assert card.title == "T" and card.data["name"] == "digits" and card.model.latent_dim == 2
    assert card.training["command"].startswith("python -m vae train --data digits")
    figures = {
        f["name"]: f["value"] for f in json.loads((out / "metrics.json").read_text())["figures"]
    }
    found = json.loads(output(capsys, "evaluate", out, "--json"))
    assert found["elbo"] == pytest.approx(figures["elbo"], rel=0.005)


def test_the_same_command_gives_the_same_checkpoint(capsys, tmp_path, bars_file):
    for name in ("one", "two"):
        output(
            capsys, "train", "--data", bars_file, "--out", tmp_path / name, "--epochs", "2", *TRAIN
        )
    assert read_card(tmp_path / "one").id == read_card(tmp_path / "two").id


def test_a_killed_training_goes_on_and_ends_as_if_it_had_not_been(tmp_path, bars_file, capsys):
    arguments = ["--data", str(bars_file), "--epochs", "300", *TRAIN]
    run = [sys.executable, "-m", "vae", "train", *arguments, "--out", str(tmp_path / "killed")]
    process = subprocess.Popen(run, cwd=ROOT, stderr=subprocess.PIPE)
    while not (tmp_path / "killed.run" / "latest").exists():
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "killed").exists()
    step = json.loads((tmp_path / "killed.run" / "latest").read_text())["step"]
    assert 0 < step < 300 * 7
    finished = subprocess.run([*run, "--resume"], cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert "epoch" in finished.stderr and "<" in finished.stderr  # the bar and its time left
    assert not (tmp_path / "killed.run").exists()
    output(capsys, "train", *arguments, "--out", tmp_path / "whole")
    assert read_card(tmp_path / "killed").id == read_card(tmp_path / "whole").id


def bad_inputs(tmp_path: Path) -> dict[str, list]:
    """Every command with every kind of mistake, and a word its message must contain."""
    text = tmp_path / "text.png"
    text.write_text("not an image")
    nan = tmp_path / "nan.npz"
    np.savez(nan, images=np.full((40, 8, 8), np.nan))
    flat = tmp_path / "flat.npz"
    np.savez(flat, images=np.zeros((40, 8), np.uint8))
    tiny = tmp_path / "tiny.npz"
    np.savez(tiny, images=np.zeros((5, 8, 8), np.uint8))
    good = tmp_path / "good.png"
    Image.new("L", (8, 8)).save(good)
    torn = tmp_path / "torn.npz"
    torn.write_bytes(nan.read_bytes()[:100])
    out, png = tmp_path / "out", tmp_path / "out.png"
    train = ["train", "--out", out, "--data"]
    return {
        "no command": [[], "command"],
        "unknown command": [["fly"], "fly"],
        "evaluate: no such checkpoint": [["evaluate", "nowhere"], "nowhere"],
        "evaluate: no such data": [["evaluate", "bars-3d", "--data", "nowhere"], "nowhere"],
        "evaluate: wrong shape": [["evaluate", "bars-3d", "--data", flat], "shape"],
        "evaluate: NaN": [["evaluate", "bars-3d", "--data", nan], "NaN"],
        "evaluate: damaged": [["evaluate", "bars-3d", "--data", torn], "torn.npz"],
        "evaluate: limit 0": [["evaluate", "bars-3d", "--data", tiny, "--limit", 0], "limit is 0"],
        "evaluate: a file": [["evaluate", text], "text.png"],
        "encode: no such checkpoint": [["encode", "nowhere", text, "--out", out], "nowhere"],
        "encode: not an image": [["encode", "bars-3d", text, "--out", out], "picture"],
        "encode: no such file": [
            ["encode", "bars-3d", tmp_path / "no.png", "--out", out],
            "no.png",
        ],
        "encode: no out": [["encode", "bars-3d", text], "--out"],
        "decode: no such checkpoint": [["decode", "nowhere", "--z", "0", "--out", png], "nowhere"],
        "decode: wrong length": [["decode", "bars-3d", "--z", "-1,0.5", "--out", png], "takes 3"],
        "decode: NaN": [["decode", "bars-3d", "--z", "nan,0,0", "--out", png], "nan"],
        "decode: infinity": [["decode", "bars-3d", "--z", "1e99,0,0", "--out", png], "1e99"],
        "decode: words": [["decode", "bars-3d", "--z", "a,b,c", "--out", png], "numbers"],
        "decode: no folder": [
            ["decode", "bars-3d", "--z", "0,0,0", "--out", tmp_path / "no" / "a.png"],
            "no",
        ],
        "decode: a folder": [
            ["decode", "bars-3d", "--z", "0,0,0", "--out", tmp_path],
            f"error: {tmp_path}: is a directory",
        ],
        "decode: scale": [
            ["decode", "bars-3d", "--z", "0,0,0", "--out", png, "--scale", 0],
            "scale",
        ],
        "traverse: no such checkpoint": [["traverse", "nowhere", "--out", png], "nowhere"],
        "traverse: steps": [["traverse", "bars-3d", "--out", png, "--steps", 1], "steps is 1"],
        "traverse: wrong length": [["traverse", "bars-3d", "--z", "1", "--out", png], "takes 3"],
        "interpolate: one image": [["interpolate", "bars-3d", text, "--out", png], "two or more"],
        "project: ending": [
            ["project", "bars-3d", "--out", tmp_path / "map.xls"],
            "a name ending in .csv, .parquet, .npz",
        ],
        "project: method": [
            ["project", "bars-3d", "--method", "magic", "--out", tmp_path / "map.csv"],
            "choose one of pca, raw, tsne, umap",
        ],
        "interpolate: ending": [
            ["interpolate", "bars-3d", text, text, "--out", tmp_path / "a.avi"],
            "ending in .png, .gif",
        ],
        "interpolate: path": [
            ["interpolate", "bars-3d", good, good, "--out", png, "--path", "crooked"],
            "choose one of linear",
        ],
        "interpolate: steps": [
            ["interpolate", "bars-3d", good, good, "--out", png, "--steps", 0],
            "steps is 0",
        ],
        "interpolate: fps": [
            ["interpolate", "bars-3d", good, good, "--out", tmp_path / "a.gif", "--fps", 99],
            "fps is 99",
        ],
        "train: latent_dim 0": [[*train, "digits", "--latent-dim", 0], "latent_dim is 0"],
        "train: epochs words": [[*train, "digits", "--epochs", "many"], "--epochs"],
        "train: beta NaN": [[*train, "digits", "--beta", "nan"], "beta is nan"],
        "train: no such data": [[*train, "nowhere"], "nowhere"],
        "train: NaN": [[*train, nan], "NaN"],
        "train: wrong shape": [[*train, flat], "shape"],
        "train: few images": [[*train, tiny], "at least 32"],
        "train: damaged": [[*train, torn], "torn.npz"],
        "train: an image": [[*train, text], "text.png"],
        "train: out exists": [["train", "--data", "digits", "--out", tmp_path], "already exists"],
    }


def test_bad_input_gives_one_clear_line_and_exit_code_2(tmp_path, capsys):
    wrong = []
    for case, (arguments, word) in bad_inputs(tmp_path).items():
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exit:
            code = exit.code
        printed = capsys.readouterr()
        lines = printed.err.splitlines()
        if code != 2 or len(lines) != 1 or word not in lines[0] or "Traceback" in printed.err:
            wrong.append((case, code, printed.err))
    assert not wrong


def test_an_unreadable_checkpoint_is_one_line_of_a_real_process(tmp_path, shelf):
    folder = shutil.copytree(shelf / "bars-3d", tmp_path / "broken")
    (folder / "model.safetensors").write_bytes(b"")
    process = subprocess.run(
        [sys.executable, "-m", "vae", "evaluate", str(folder), "--data", "digits"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 2 and process.stdout == ""
    assert process.stderr.splitlines() == [
        "error: model.safetensors is damaged: its sha256 is not the one in config.json"
    ]
