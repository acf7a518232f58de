"""Values as components get them: plain ones, and arrays as columns of one dimension."""

from __future__ import annotations

__all__ = [
    "flat",
    "pack_plane",
    "pack_plane_columns",
    "pack_setting",
    "pack_ways",
    "pack_ways_columns",
]

from dataclasses import asdict

import numpy as np

from ui.live.values import PlaneCodes, Setting, Ways
from vae.evidence import USUAL_NEIGHBOURS


def pack_ways(found: Ways) -> dict:
    """Return the ways' names, lengths and steps."""
    return {
        "steps": found.steps,
        "nodes": found.nodes,
        "usual": USUAL_NEIGHBOURS,
        "corners": found.corners.tolist(),
        "rows": [
            {
                "name": name,
                "latentLength": way.latent_length,
                "imageLength": way.image_length,
                "saved": found.saved[name],
            }
            for name, way in found.ways.items()
        ],
    }


def pack_ways_columns(found: Ways) -> dict[str, np.ndarray]:
    """Return the ways' codes and what is known about each."""
    columns = {}
    for k, (name, way) in enumerate(found.ways.items()):
        evidence = found.evidence[name]
        columns |= {
            f"ways_codes{k}": way.codes,
            f"ways_logDensity{k}": evidence.log_density.astype(np.float32),
            f"ways_denserThan{k}": evidence.denser_than.astype(np.float32),
            f"ways_nearby{k}": evidence.nearby.astype(np.int32),
        }
    return columns


def pack_setting(setting: Setting) -> tuple[dict, dict[str, np.ndarray | None]]:
    """Return what every live component is given, plain values and columns.

    Their state holds "picture" ({"sequence", "model", ...}), files to read or how to prepare one;
    "originals" ({"what", "model", "count"}), the wish for a data set; and "ask" ({"sequence",
    "model", "count", "z"} or {..., "pixels"}), set where no socket can be had.
    """
    originals, picture = setting.originals, setting.picture
    data = {
        "model": setting.model,
        "engines": setting.engines,
        "labels": list(setting.examples.label),
        "gallery": setting.gallery,
        "errors": asdict(setting.errors),
        "paper": asdict(setting.paper),
        "originals": {
            "state": originals.state,
            "note": originals.note,
            "size": originals.size,
            "count": originals.count,
        },
    }
    # Arrays travel as columns, and only at the top level.
    columns = {
        "examples": setting.examples.mean,
        "examplesLogVar": setting.examples.log_var,
        "originalsPixels": originals.pixels,
    }
    if picture is not None:
        reading = picture.value
        data["picture"] = {
            "sequence": picture.sequence,
            "error": picture.error,
            "notes": reading.notes if reading else "",
            "count": len(reading.pixels) if reading else 0,
        }
        columns["picturePixels"] = reading.pixels if reading else None
    if setting.reply is not None:
        data["replySequence"], columns["reply"] = setting.reply
    return data, columns


def pack_plane(codes: PlaneCodes, model: dict) -> dict:
    """Return what a latent plane must know beside its codes."""
    return {"names": list(codes.names), "colours": list(codes.colours), "prior": model["prior"]}


def pack_plane_columns(codes: PlaneCodes, k: int) -> dict[str, np.ndarray | None]:
    """Return the codes of the k-th plane of a component."""
    return {
        f"plane_mean{k}": codes.mean,
        f"plane_logVar{k}": codes.log_var,
        f"plane_label{k}": codes.label,
    }


def flat(columns: dict[str, np.ndarray | None]) -> dict[str, np.ndarray]:
    """Arrays travel as columns of one dimension; what is not there does not travel."""
    return {name: values.ravel() for name, values in columns.items() if values is not None}
