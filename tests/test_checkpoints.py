import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import safetensors.torch
import torch

from vae.checkpoints import (
    CheckpointError,
    load_codes,
    load_history,
    load_metrics,
    load_model,
    read_card,
    round_to_half,
    save_checkpoint,
)
from vae.export.onnx import export_decoder, export_encoder
from vae.latent import decode, encode, sample_prior
from vae.models import ModelConfig, build_model
from vae.shelf import find_checkpoint, read_shelf

FILES = {
    "config.json",
    "model.safetensors",
    "encoder.onnx",
    "decoder.onnx",
    "codes.npz",
    "map.npz",
    "history.csv",
    "metrics.json",
    "README.md",
}


def save(folder: Path, model, **files: bytes):
    round_to_half(model)
    return save_checkpoint(
        folder, model, title="T", objective={}, data={}, seed=0, training={}, files=files
    )


@pytest.fixture
def copy(shelf, tmp_path) -> Path:
    """A checkpoint of one's own to damage."""
    return shutil.copytree(shelf / "bars-3d", tmp_path / "copy")


def edit_config(folder: Path, **changes) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def replace_weights(folder: Path, content: bytes) -> None:
    """Put other weights in, with the right hash: a file made so, not one damaged on the way."""
    (folder / "model.safetensors").write_bytes(content)
    config = json.loads((folder / "config.json").read_text())
    config["sha256"]["model.safetensors"] = hashlib.sha256(content).hexdigest()
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize("family", ["mlp", "conv"])
@pytest.mark.parametrize("kind", ["vae", "autoencoder"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_saving_and_loading_decodes_identically(tmp_path, family, kind, likelihood):
    config = ModelConfig(
        (3, 9, 12), 4, family=family, kind=kind, likelihood=likelihood, width=16, channels=4
    )
    model = build_model(config).eval()
    card = save(tmp_path / "one", model)
    loaded = load_model(read_card(tmp_path / "one"))
    assert loaded.config == config and card.model == config
    z, x = sample_prior(5, 4, seed=0), np.random.default_rng(0).random((2, 3, 9, 12), np.float32)
    assert np.array_equal(decode(loaded, z), decode(model, z))
    assert np.array_equal(encode(loaded, x)[0], encode(model, x)[0])
    assert not any(p.requires_grad for p in loaded.parameters()) and not loaded.training


@pytest.mark.parametrize("family", ["mlp", "conv"])
@pytest.mark.parametrize(
    ("kind", "likelihood"), [("vae", "bernoulli"), ("autoencoder", "gaussian")]
)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 21, 40)], ids=str)
def test_onnx_equals_torch(family, kind, likelihood, shape):
    config = ModelConfig(
        shape, 3, family=family, kind=kind, likelihood=likelihood, width=32, channels=8
    )
    model = build_model(config).eval()
    round_to_half(model)
    run = lambda graph, inputs: onnxruntime.InferenceSession(graph).run(None, inputs)  # noqa: E731
    decoder, encoder = export_decoder(model), export_encoder(model)
    for n in (1, 7):  # the batch axis is free
        z, x = sample_prior(n, 3, seed=n), np.random.default_rng(n).random((n, *shape), np.float32)
        np.testing.assert_allclose(run(decoder, {"z": z})[0], decode(model, z), atol=1e-4)
        outputs = run(encoder, {"x": x})
        for found, expected in zip(outputs, encode(model, x), strict=False):
            np.testing.assert_allclose(found, expected, atol=1e-4)
        assert len(outputs) == (2 if kind == "vae" else 1)


def test_onnx_files_hold_half_precision_weights_and_no_paths(shelf):
    weights = (shelf / "bars-3d" / "model.safetensors").stat().st_size
    graphs = [(shelf / "bars-3d" / name).read_bytes() for name in ("encoder.onnx", "decoder.onnx")]
    assert sum(map(len, graphs)) < weights + 8192
    assert not any(str(Path(__file__).parents[1]).encode() in graph for graph in graphs)


def test_a_checkpoint_has_every_file_and_its_hash(shelf):
    for name in ("bars-3d", "bars-3d-autoencoder"):
        card = read_card(shelf / name)
        assert {path.name for path in card.path.iterdir()} == FILES
        assert set(card.sha256) == FILES - {"config.json"}
        assert card.visibility == "private" and card.owner == ""
        for file, digest in card.sha256.items():
            assert hashlib.sha256((card.path / file).read_bytes()).hexdigest() == digest


def test_codes_metrics_and_history_come_back(shelf):
    card = read_card(shelf / "bars-3d")
    table, metrics, history = load_codes(card), load_metrics(card), load_history(card)
    figures = {figure["name"]: figure for figure in metrics["figures"]}
    assert all({"n", "split", "unit", "seed"} <= set(figure) for figure in figures.values())
    held_out = table.split == "test"
    assert figures["elbo"]["n"] == held_out.sum() > 0 and (~held_out).any()
    assert -figures["elbo"]["value"] == pytest.approx(
        figures["reconstruction_nll"]["value"] + figures["kl"]["value"]
    )
    assert table.kl_per_dim == pytest.approx(figures["kl_per_dim"]["value"], rel=1e-5)
    assert table.elbo[held_out].mean() == pytest.approx(figures["elbo"]["value"], rel=0.01)
    assert list(history["epoch"]) == list(range(1, 21))
    assert history["total"][-1] < history["total"][0]


def test_an_autoencoder_has_no_variance_and_no_elbo(shelf):
    card = read_card(shelf / "bars-3d-autoencoder")
    table = load_codes(card)
    assert table.log_var is None and table.elbo is None and table.kl_per_dim is None
    assert list(table.order) == list(np.argsort(-table.variance_per_dim))
    figures = {figure["name"]: figure["value"] for figure in load_metrics(card)["figures"]}
    assert figures["kl"] is figures["elbo"] is figures["kl_per_dim"] is None
    assert figures["reconstruction_nll"] == figures["reconstruction_nll_at_mean"]


def test_a_published_checkpoint_is_never_overwritten(shelf, copy):
    model = load_model(read_card(copy))
    with pytest.raises(FileExistsError, match="already exists"):
        save(copy, model)
    assert read_card(copy).id == read_card(shelf / "bars-3d").id


def test_a_failed_save_leaves_nothing(tmp_path):
    model = build_model(ModelConfig((1, 8, 8), 2))
    with torch.no_grad():
        next(model.parameters()).fill_(1e30)  # infinite in half precision: refused on re-reading
    with pytest.raises(CheckpointError, match="not finite"):
        save(tmp_path / "bad", model)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda f: shutil.rmtree(f), "no checkpoint folder"),
        (lambda f: (f / "config.json").unlink(), "not a Latent Explorer checkpoint"),
        (lambda f: (f / "config.json").write_bytes(b"{"), "not valid JSON"),
        (lambda f: (f / "config.json").write_bytes(b"\xff\xfe\x00"), "not valid JSON"),
        (lambda f: (f / "config.json").write_bytes(b"[" * 100_000), "not valid JSON"),
        (lambda f: (f / "config.json").write_bytes(b" " * (2 << 20)), "larger than 1 MiB"),
        (lambda f: (f / "config.json").write_bytes(b"[]"), "format None"),
        (lambda f: edit_config(f, format=99), "format 99; this version reads 1"),
        (lambda f: edit_config(f, architecture={}), "must have exactly"),
        (lambda f: edit_config(f, sha256={}), "names no model.safetensors"),
        (lambda f: edit_config(f, sha256={"../x": ""}), "names no model.safetensors"),
        (
            lambda f: edit_config(f, sha256={"model.safetensors": "", "../x": ""}),
            "model.safetensors is damaged",
        ),
        (lambda f: edit_config(f, visibility="public"), "must be private or shared"),
        (lambda f: (f / "decoder.onnx").unlink(), "decoder.onnx is missing"),
        (lambda f: (f / "codes.npz").write_bytes(b""), "codes.npz is damaged"),
    ],
)
def test_a_bad_folder_is_refused_with_its_reason(copy, damage, reason):
    damage(copy)
    with pytest.raises(CheckpointError, match=reason):
        read_card(copy)


def test_a_file_outside_the_folder_is_refused(copy):
    hashes = json.loads((copy / "config.json").read_text())["sha256"]
    for name in ("../x", "/etc/hostname", "..", ""):
        edit_config(copy, sha256=hashes | {name: "0"})
        with pytest.raises(CheckpointError, match="outside the folder"):
            read_card(copy)


def test_weights_that_do_not_fit_are_refused_with_the_differences(copy):
    weights = safetensors.torch.load((copy / "model.safetensors").read_bytes())
    first = sorted(weights)[0]
    for broken in (
        weights | {first: weights[first][1:].contiguous()},
        {name: value for name, value in weights.items() if name != first},
        weights | {"extra": torch.zeros(1)},
    ):
        replace_weights(copy, safetensors.torch.save(broken))
        with pytest.raises(CheckpointError, match="does not fit the architecture: "):
            load_model(read_card(copy))


def test_weights_that_are_not_numbers_are_refused(copy):
    weights = safetensors.torch.load((copy / "model.safetensors").read_bytes())
    for value in (float("nan"), float("inf")):
        broken = {name: torch.full_like(tensor, value) for name, tensor in weights.items()}
        replace_weights(copy, safetensors.torch.save(broken))
        with pytest.raises(CheckpointError, match="not finite"):
            load_model(read_card(copy))
    replace_weights(copy, b"\x80\x02cos\nsystem\n")
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_model(read_card(copy))


def test_damage_after_listing_is_found_when_the_weights_are_read(copy):
    card = read_card(copy)
    content = bytearray((copy / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (copy / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_model(card)


def test_the_shelf_lists_the_bad_with_reasons_and_the_rest_works(shelf, tmp_path):
    folder = shutil.copytree(shelf, tmp_path / "shelf")
    (folder / "foreign").mkdir()
    (folder / "foreign" / "model.pt").write_bytes(b"\x80\x02")
    shutil.copytree(folder / "bars-3d", folder / "torn")
    (folder / "torn" / "model.safetensors").write_bytes(b"half")
    (folder / "unfinished.run").mkdir()
    (folder / ".bars.tmp-123").mkdir()
    (folder / "note.txt").write_text("a loose file")
    (folder / "loop").symlink_to(folder / "loop")
    found = {entry.name: entry for entry in read_shelf(folder)}
    assert set(found) == {"bars-3d", "bars-3d-autoencoder", "foreign", "torn"}
    assert found["bars-3d"].ok and found["bars-3d"].card and found["bars-3d"].reason == ""
    assert not found["foreign"].ok and "not a Latent Explorer" in found["foreign"].reason
    assert not found["torn"].ok and "model.safetensors is damaged" in found["torn"].reason


def test_a_missing_shelf_is_empty(tmp_path):
    assert read_shelf(tmp_path / "nowhere") == []


def test_a_checkpoint_is_found_by_folder_or_by_name(shelf, monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_CHECKPOINTS_DIR", str(shelf))
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint("bars-3d").id == find_checkpoint(shelf / "bars-3d").id
    for name in ("nowhere", "../bars-3d", "", "/no/such"):
        with pytest.raises(CheckpointError):
            find_checkpoint(name)
    with pytest.raises(CheckpointError, match="on the shelf: bars-3d, bars-3d-autoencoder"):
        find_checkpoint("nowhere")
