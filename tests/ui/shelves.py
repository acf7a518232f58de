"""Small checkpoints made on the spot, for tests of everything that shows one."""

import io
import json
from pathlib import Path

import numpy as np
import torch

from vae.checkpoints import Card, round_to_half, save_checkpoint
from vae.encoding import LatentTable
from vae.export.onnx import export_decoder, export_encoder
from vae.models import ModelConfig, build_model


def add_checkpoint(
    shelf: Path,
    name: str,
    *,
    title: str = "",
    latent_dim: int = 3,
    image_shape: tuple[int, int, int] = (1, 8, 8),
    kind: str = "vae",
    images: int = 40,
    seed: int = 0,
    metrics: bytes | None = None,
    graphs: bool = False,
) -> Card:
    """Put an untrained checkpoint on a shelf; its last dimension has collapsed.

    ONNX graphs take a second to make, and few tests need them.
    """
    config = ModelConfig(image_shape, latent_dim, family="mlp", kind=kind, width=16)
    model = build_model(config, seed=seed)
    with torch.no_grad():  # larger weights than fresh ones: the pictures have contrast
        for parameter in model.decoder.parameters():
            parameter.mul_(4)
    round_to_half(model)
    onnx = {}
    if graphs:
        onnx = {"encoder.onnx": export_encoder(model), "decoder.onnx": export_decoder(model)}
    return save_checkpoint(
        shelf / name,
        model,
        title=title,
        objective={"name": "elbo", "beta": 1.0},
        data={"name": "noise", "sizes": {"test": images}, "preprocessing": [], "label_names": []},
        seed=seed,
        training={"epochs": 0},
        files={
            "codes.npz": _archive(_codes(latent_dim, images, kind)),
            "history.csv": b"epoch\n1\n",
            "metrics.json": metrics or json.dumps(_metrics(kind, images)).encode(),
        }
        | onnx,
    )


def _codes(latent_dim: int, images: int, kind: str) -> LatentTable:
    generator = np.random.default_rng(1)
    spread = np.linspace(1.2, 0.6, latent_dim, dtype=np.float32)
    if latent_dim > 1:
        spread[-1] = 0.01
    mean = generator.standard_normal((images, latent_dim), dtype=np.float32) * spread
    log_var = np.log(np.maximum(1 - spread**2 / 2, 0.1)) * np.ones_like(mean)
    return LatentTable(
        mean=mean,
        log_var=log_var.astype(np.float32) if kind == "vae" else None,
        index=np.arange(images),
        split=np.full(images, "test"),
        reconstruction_error=np.full(images, 0.1, dtype=np.float32),
        elbo=np.full(images, -10.0, dtype=np.float32) if kind == "vae" else None,
        label=np.arange(images) % 4,
        label_names=("0", "1", "2", "3"),
    )


def _archive(codes: LatentTable) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **codes.columns())
    return buffer.getvalue()


def _metrics(kind: str, images: int) -> dict:
    common = {"n": images, "split": "test", "seed": 0}
    values = (
        {"reconstruction_nll": 7.5, "elbo": -10.0, "kl": 2.5, "mse": 0.1}
        if kind == "vae"
        else {"mse": 0.1}
    )
    figures = [
        {"name": name, "value": value, "unit": "", **common} for name, value in values.items()
    ]
    return {"likelihood": "grey-pixel BCE", "figures": figures}
