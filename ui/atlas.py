"""Maps as the map page is given them: made, shipped with a model, or on their way."""

from __future__ import annotations

__all__ = ["METHODS", "map_for", "opening_method", "shade_names"]

import hashlib
from dataclasses import asdict, replace
from functools import partial

import numpy as np

from ui import cache
from ui.live.map_values import MapView, Progress
from ui.live.tables import TABLES
from ui.map_sources import HELD_OUT, codes_of
from ui.map_words import about_map
from ui.map_work import MAPS
from vae.checkpoints import Card
from vae.density import AggregatePosterior
from vae.encoding import LatentTable
from vae.maps import MapFigures
from vae.projecting import ProjectionWork
from vae.projections import QUICK, THOROUGH, Projection, Settings, is_quick, project

METHODS = (
    ("tsne", "t-SNE"),
    ("thorough", "t-SNE, thorough"),
    ("umap", "UMAP"),
    ("pca", "PCA"),
    ("raw", "two dimensions"),
)
# So many numbers of codes go with a map: what is near is found among them.
MAX_CODE_VALUES = 2_000_000


def opening_method(card: Card) -> str:
    """Return the map that says most: the plane itself where there are two dimensions."""
    return {1: "pca", 2: "raw"}.get(card.model.latent_dim, "tsne")


def settings_of(card: Card, ask: dict) -> Settings:
    """Return the settings that a page asks for.

    Raises:
        ValueError: if it asks for anything else.
    """
    method, dims = ask.get("method"), ask.get("dims") or _usual_dims(card)
    if method == "thorough":
        return THOROUGH
    if method == "raw":
        in_range = isinstance(dims, list | tuple) and all(
            type(dim) is int and 0 <= dim < card.model.latent_dim for dim in dims
        )
        if not in_range or len(set(dims)) != 2:
            raise ValueError("choose two different dimensions")
        return Settings(method="raw", dims=tuple(dims))
    if method not in dict(METHODS):
        raise ValueError(f"method is {method!r}; choose one of {', '.join(dict(METHODS))}")
    return replace(QUICK, method=method)


def _usual_dims(card: Card) -> tuple[int, int]:
    first, second, *_ = cache.dimensions(card.id, card).order
    return min(int(first), int(second)), max(int(first), int(second))


def map_for(card: Card, ask: dict, visitor: str) -> MapView:
    """Answer {"source", "method", "dims", "cancels"}: a map of codes, or how far it is.

    Args:
        card: The model.
        ask: source: whose codes, as ``codes_of`` takes it; method: one of ``METHODS``; dims: what
            "raw" shows; cancels: wait for it no longer.
        visitor: Who asks.

    Raises:
        ValueError: if it asks for anything else, or there is no such map to be had.
    """
    settings = settings_of(card, ask)
    if ask.get("cancels") is True:
        MAPS.leave(f"{card.id} {ask.get('source') or HELD_OUT}", settings, visitor)
        raise ValueError("given up; here is the map you had")
    source = ask.get("source") or HELD_OUT
    codes = codes_of(card, source)
    if isinstance(codes, Progress):
        so_far = map_for(card, {"method": "pca"}, visitor)
        return replace(so_far, source=source, method=_method_of(settings), progress=codes)
    show = partial(_view, card, source, codes, settings)
    shipped = cache.shipped_map(card.id, card) if source == HELD_OUT else None
    if shipped is not None and shipped[0].settings == settings:
        return show(*shipped)
    if is_quick(settings, len(codes)):
        return show(project(codes.mean, settings))
    work = MAPS.look(f"{card.id} {source}", codes.mean, settings, visitor)
    if work.error:
        raise ValueError(work.error)
    if work.result is not None:
        return show(work.result)
    if work.points is not None:
        so_far = Projection(settings, work.codes, work.points)
    else:
        so_far = project(codes.mean, Settings(method="pca"))
    progress = Progress(share=work.share or None, words=_progress_in_words(work))
    return replace(show(so_far), progress=progress)


def _progress_in_words(work: ProjectionWork) -> str:
    if work.place:
        return f"Waiting: number {work.place} in line"
    left = work.seconds_left
    return "Making the map" if left is None else f"Making the map: about {left:.0f} s left"


def _view(
    card: Card,
    source: str,
    codes: LatentTable,
    settings: Settings,
    projection: Projection,
    figures: MapFigures | None = None,
) -> MapView:
    points = hashlib.sha256(projection.points.tobytes()).hexdigest()
    key = hashlib.sha256(f"{card.id} {asdict(settings)} {points}".encode()).hexdigest()[:32]
    columns = _columns(card, codes, projection)
    TABLES.offer(key, card.id, columns)
    return MapView(
        key=key,
        source=source,
        method=_method_of(settings),
        dims=settings.dims if settings.method == "raw" else _shown_dims(card),
        projection=projection,
        table=codes,
        columns=tuple(columns),
        about=about_map(codes, projection),
        figures=figures,
    )


def _method_of(settings: Settings) -> str:
    return "thorough" if settings == THOROUGH else settings.method


def _shown_dims(card: Card) -> tuple[int, int]:
    return _usual_dims(card) if card.model.latent_dim > 1 else (0, 0)


def _columns(card: Card, codes: LatentTable, projection: Projection) -> dict:
    """Return what a page may ask of a map, made when it does."""
    most = max(1, MAX_CODE_VALUES // codes.mean.shape[1])
    columns = {
        "points": lambda: projection.points,
        "index": lambda: codes.index.astype(np.int32),
        "codes": lambda: codes.mean[:most].astype(np.float32),
    }
    if codes.log_var is not None:
        columns["logVar"] = lambda: codes.log_var[:most].astype(np.float32)
    if codes.label is not None:
        columns["label"] = lambda: codes.label.astype(np.uint8)
    for name, _ in shade_names(card):
        if name != "label":
            columns[name] = partial(_shade, codes, name)
    return columns


def shade_names(card: Card) -> tuple[tuple[str, str], ...]:
    """Return what points can be coloured by, names and titles; the best one first."""
    codes = cache.table(card.id, card)
    names = [("label", "label")] if codes.label is not None and codes.label_names else []
    if codes.log_var is not None:
        names.append(("kl", "KL (nats)"))
    names.append(("error", "squared error"))
    names.append(("density", "log density of the codes"))
    return (*names, *((f"z{dim}", f"z{dim}") for dim in codes.order))


def _shade(codes: LatentTable, name: str) -> np.ndarray:
    if name == "kl":
        log_var = codes.log_var
        values = 0.5 * (codes.mean**2 + np.exp(log_var) - 1 - log_var).sum(1)
    elif name == "error":
        values = codes.reconstruction_error
    elif name == "density":
        posterior = AggregatePosterior(codes.mean, codes.log_var)
        values = posterior.log_density_without_own(codes.mean)
    else:
        values = codes.mean[:, int(name.removeprefix("z"))]
    return np.asarray(values, np.float32)
