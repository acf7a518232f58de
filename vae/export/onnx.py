"""A model as two ONNX graphs: they run in the browser, and in any runtime without our code."""

from __future__ import annotations

__all__ = ["OPSET", "export_decoder", "export_encoder"]

import contextlib
import io
import logging
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from vae.distributions import DiagonalGaussian
from vae.models import Autoencoder

OPSET = 18


class _Encoder(nn.Module):
    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        posterior = self.model.encode(x)
        if isinstance(posterior, DiagonalGaussian):
            return posterior.mean, posterior.log_var
        return (posterior.mean,)


class _Decoder(nn.Module):
    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, z: Tensor) -> Tensor:
        return self.model.decode(z).mean


def export_encoder(model: Autoencoder) -> bytes:
    """Return encoder.onnx: ``x`` (N, C, H, W) float32 in [0, 1] to ``mean``, ``log_var`` (N, D).

    An autoencoder gives ``mean`` alone. Weights are stored in half precision and widened when
    the graph is loaded, so the arithmetic is float32; the model's own weights must already be
    rounded to half precision for the graph to equal it.
    """
    outputs = ["mean", "log_var"] if model.config.kind == "vae" else ["mean"]
    return _export(_Encoder(model), torch.rand(2, *model.config.image_shape), "x", outputs)


def export_decoder(model: Autoencoder) -> bytes:
    """Return decoder.onnx: ``z`` (N, D) float32 to ``x`` (N, C, H, W), the likelihood's mean.

    Weights are stored as in ``export_encoder``.
    """
    return _export(_Decoder(model), torch.randn(2, model.config.latent_dim), "z", ["x"])


def _export(module: nn.Module, example: Tensor, source: str, outputs: list[str]) -> bytes:
    batch = torch.export.Dim("N", min=1, max=65536)
    # The exporter talks on standard output and warns of its own internals.
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            module.eval(),
            (example,),
            dynamo=True,
            input_names=[source],
            output_names=outputs,
            dynamic_shapes=({0: batch},),
            opset_version=OPSET,
            verbose=False,
        )
    graph = program.model_proto
    _store_weights_in_half_precision(graph.graph)
    del graph.metadata_props[:]
    for node in graph.graph.node:  # stack traces: paths of the machine that exported
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.checker.check_model(graph)
    return graph.SerializeToString(deterministic=True)


def _store_weights_in_half_precision(graph: onnx.GraphProto) -> None:
    """Replace each float32 weight by a float16 one and a Cast, which runtimes fold at load."""
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 16:
            continue
        name = weight.name
        half = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(half, name + "_half"))
        casts.append(helper.make_node("Cast", [name + "_half"], [name], to=TensorProto.FLOAT))
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
