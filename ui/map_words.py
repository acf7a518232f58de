"""What is said about maps, in sentences."""

from __future__ import annotations

__all__ = ["about_group", "about_map", "about_own", "judge_map"]

from vae.encoding import LatentTable
from vae.evidence import USUAL_NEIGHBOURS, Evidence
from vae.maps import MapFigures
from vae.metrics.groups import Group
from vae.projections import Projection

TOLD_DIMS = 3
SPLITS = {"test": "held-out", "train": "training"}
METHOD = {
    "pca": "The two directions of most variance (PCA)",
    "raw": "Two latent dimensions as they are",
    "tsne": "t-SNE keeps neighbours together; distances across it mean nothing",
    "umap": "UMAP keeps neighbours together; distances across it mean nothing",
}


def about_map(codes: LatentTable, projection: Projection) -> str:
    """Say what a map is, of how many images of which split."""
    what = "Codes" if codes.log_var is None else "Posterior means"
    split = SPLITS.get(str(codes.split[0]), str(codes.split[0]))
    text = f"{what} of {len(codes):,} {split} images. {METHOD[projection.settings.method]}."
    if projection.share is not None:
        text += f" It holds {projection.share.sum():.0%} of the codes' variance."
    return text


def judge_map(figures: MapFigures, dims: int) -> str:
    """Say how true a map is to codes of so many dimensions, and what neighbours say of labels."""
    quality, labels = figures.quality, figures.labels
    if quality is None:
        return "So few codes say nothing about how true the map is."
    words = (
        f"Trustworthiness {quality.trustworthiness:.3f}, continuity {quality.continuity:.3f}; "
        f"{quality.preservation:.0%} of the {quality.neighbours} nearest neighbours stay "
        f"(over {quality.judged:,} codes)."
    )
    if labels is None:
        return words
    return (
        f"{words} The {labels.neighbours} nearest neighbours tell a label in {labels.on_map:.1%} "
        f"of cases on the map, {labels.in_space:.1%} in all {dims} dimensions, "
        f"{labels.shuffled:.1%} where labels are shuffled (over {labels.judged:,})."
    )


def about_group(group: Group, codes: LatentTable) -> str:
    """Say how spread a group of codes is, and which dimensions tell it from the rest."""
    active = [dim for dim in group.telling_dims if codes.active[dim]][:TOLD_DIMS]
    words = f"Its codes spread {group.spread:.0%} as far as all do (variance)."
    if group.share == 1 or not active:
        return words
    told = ", ".join(f"z{dim} ({group.difference[dim]:+.1f})" for dim in active)
    return f"{words} From the rest it differs most along {told} (standard deviations)."


def about_own(evidence: Evidence, count: int) -> str:
    """Say how usual a code of the visitor's own is among held-out ones."""
    share = float(evidence.denser_than[0])
    nearby = int(evidence.nearby[0])
    words = f"{nearby:,} held-out codes are near; {USUAL_NEIGHBOURS} is usual"
    if share < 0.01:
        return f"It lies outside of all data: {words}."
    more = 1 - share
    return (
        f"There are more data about {more:.0%} of {count:,} held-out codes than about it; {words}."
    )
