"""How dense the data lie on a map, and how dense the prior: what a map is shaded with.

On a linear map of a variational autoencoder a posterior is a Gaussian, so both densities have
closed forms. t-SNE and UMAP bend space, and an autoencoder has no posteriors: there it is the
points on the map whose density is estimated, with a kernel, and there is no prior.
"""

from __future__ import annotations

__all__ = ["HOLE", "MapDensity", "kernel_width", "map_density"]

import math
from dataclasses import dataclass

import numpy as np
import torch

from vae.projections import Projection

# Where the data are less dense than this share of the prior, there is a hole.
HOLE = 0.1
SIDE = 128
# A Gaussian is cut off so many of its standard deviations from its mean, along each axis.
REACH = 4.5
# Grid lines per standard deviation, at least; of thin slanting Gaussians as many more as it takes.
LINES = 1.0
# Cells are halved at most so often, and a Gaussian gets at most so many lines to either side.
MAX_HALVINGS = 3
MAX_LINES = 64
# A coarse grid goes on for so many lines beyond the square: splines are poor at their ends.
MARGIN = 3
CHUNK_VALUES = 1 << 20
# So many points say how far neighbours are apart on a map.
SAMPLE = 2000

Square = tuple[float, float, float]


@dataclass(frozen=True)
class MapDensity:
    """Densities on the cells of a square, per unit of the map's area; row 0 is the lowest y.

    Attributes:
        square: x and y of the corner where both are lowest, and the side's length.
        data: Mean over each cell of the density of the data (side, side) float32.
        prior: The same of the prior; None where the map has none.
        kernel: Standard deviation of the kernel that stands for each point, in units of the map;
            None where posteriors are drawn, which need none.
        n: Codes behind it.
    """

    square: Square
    data: np.ndarray
    prior: np.ndarray | None
    kernel: float | None
    n: int

    @property
    def holes(self) -> np.ndarray | None:
        """Mask (side, side) of the cells where the data have under a tenth of the prior's."""
        return None if self.prior is None else self.data < HOLE * self.prior


def map_density(
    projection: Projection, log_var: np.ndarray | None, square: Square, *, side: int = SIDE
) -> MapDensity:
    """Say how dense the data and the prior lie on the cells of a square of a map.

    With posteriors on a linear map, the data are their aggregate: the mean over the codes of
    N(point, W diag(std^2) W^T), W the map's axes; the prior N(0, I) is N(-W centre, W W^T). Each
    cell has the mean of the density over its area, so a posterior thinner than a cell is missed
    nowhere. Exact but for three things. A Gaussian is cut off 4.5 of its standard deviations away,
    where 1e-5 of it lies, which the rest gets. Values are off by up to 1e-3 of a Gaussian's own
    peak, for being summed on a grid. And Gaussians thinner than an eighth of a cell, or with a
    correlation above 0.99, look up to that much wider. Elsewhere a Gaussian kernel stands for each
    point, as wide as ``kernel_width`` says.

    Args:
        projection: The map.
        log_var: Log variances of the posteriors of its codes (N, D); None for an autoencoder.
        square: x and y of the corner where both are lowest, and the side's length.
        side: Cells along a side.

    Raises:
        ValueError: if log_var has another shape than the codes.
    """
    points = projection.points.astype(np.float64)
    kernel = prior = None
    if projection.axes is None or log_var is None:
        kernel = kernel_width(points)
        covariance = np.broadcast_to(kernel**2 * np.eye(2), (len(points), 2, 2))
    elif log_var.shape != projection.codes.shape:
        raise ValueError(
            f"log_var has shape {log_var.shape}; give that of the map's codes, "
            f"{projection.codes.shape}"
        )
    else:
        covariance = projection.covariance(log_var.astype(np.float64))
        mean = -projection.axes @ projection.centre
        prior = _one_gaussian(mean, projection.axes @ projection.axes.T, square, side)
    data = _mean_of_gaussians(points, covariance, square, side)
    return MapDensity(square, data, prior, kernel, len(points))


def kernel_width(points: np.ndarray) -> float:
    """Return how wide a kernel must be to show the density of points on a map (N, 2).

    Half the distance from a point to its sqrt(N)-th neighbour, at the median over (up to 2000)
    points. That makes the estimate's standard error N^(-1/4) of its value there (a tenth for
    10,000 points), and unlike the rules of Scott and Silverman it does not mind how far apart
    clusters lie, which says nothing on these maps. Never less than a thousandth of the map's
    larger side. Source: Silverman 1986, "Density estimation", 2.4 and 5.2.
    """
    from scipy.spatial import cKDTree

    n = len(points)
    least = 1e-3 * (float(np.ptp(points, axis=0).max()) or 1.0)
    asked = points[np.random.default_rng(0).permutation(n)[:SAMPLE]]
    count = min(n, 1 + math.ceil(math.sqrt(n)))  # the nearest is the point itself
    distance = cKDTree(points).query(asked, k=[count])[0]
    return max(least, float(np.median(distance)) / 2)


def _one_gaussian(
    mean: np.ndarray, covariance: np.ndarray, square: Square, side: int
) -> np.ndarray:
    """Return the density of a Gaussian on each cell (side, side), never cut off."""
    cell = square[2] / side
    x, y = (square[axis] + (np.arange(side) + 0.5) * cell - mean[axis] for axis in (0, 1))
    # Blurred as by taking the mean over a cell, whose variance is cell^2 / 12 along each axis.
    covariance = covariance + cell**2 / 12 * np.eye(2)
    (a, b), (_, c) = np.linalg.inv(covariance)
    exponent = a * x**2 + 2 * b * x * y[:, None] + c * y[:, None] ** 2
    scale = 2 * math.pi * math.sqrt(np.linalg.det(covariance))
    return (np.exp(-0.5 * exponent) / scale).astype(np.float32)


def _mean_of_gaussians(
    points: np.ndarray, covariance: np.ndarray, square: Square, side: int
) -> np.ndarray:
    """Return the mean of the densities of Gaussians (N, 2), (N, 2, 2) on each cell (side, side).

    Each is evaluated on a grid as fine as it is thin along either axis, those alike on the same
    grid; the grids are then brought to the square's cells. So all cost about the same.
    """
    std = np.sqrt(np.einsum("nii->ni", covariance))
    slant = covariance[:, 0, 1] / np.maximum(std.prod(1), 1e-30)
    narrow = np.sqrt(np.maximum(1 - np.abs(slant), 1e-12)) / LINES
    wanted = std * np.maximum(narrow, REACH / MAX_LINES)[:, None]
    with np.errstate(divide="ignore"):
        halvings = np.ceil(np.log2(square[2] / side / wanted))
    halvings = np.where(halvings < 0, np.minimum(halvings + 1, 0), halvings)
    halvings = np.minimum(halvings, MAX_HALVINGS).astype(int)
    total = np.zeros((side, side))
    for levels in np.unique(halvings, axis=0):
        rows = np.flatnonzero((halvings == levels).all(1))
        rows = rows[np.abs(slant[rows]).argsort()]  # those with like windows together
        x, y = (_Lines(square[axis], square[2], side, int(levels[axis])) for axis in (0, 1))
        summed = _sum_on_lines(points[rows], covariance[rows], x, y)
        total += x.to_cells(y.to_cells(summed).T).T
    return (total / len(points)).astype(np.float32)


class _Lines:
    """The lines of a grid along one axis, cells of the square halved or doubled.

    Args:
        start: Where the square begins.
        width: How wide it is.
        side: Its cells.
        halvings: How often a cell is halved; below 0, how often doubled.
    """

    def __init__(self, start: float, width: float, side: int, halvings: int) -> None:
        self.cell, self.side, self.halvings = width / side, side, halvings
        self.step = self.cell * 2.0**-halvings
        margin = 0 if halvings >= 0 else MARGIN
        self.count = math.ceil(side * 2.0**halvings) + 2 * margin
        self.first = start + (0.5 - margin) * self.step
        self.start = start

    @property
    def blur(self) -> float:
        """The variance that taking the mean over a cell, or its part, adds."""
        return min(self.step, self.cell) ** 2 / 12

    def to_cells(self, values: np.ndarray) -> np.ndarray:
        """Return the means over cells (side, M) of values on the lines (count, M)."""
        if self.halvings >= 0:
            return values.reshape(self.side, 2**self.halvings, -1).mean(1)
        from scipy.interpolate import make_interp_spline

        lines = self.first + self.step * np.arange(self.count)
        centres = self.start + self.cell * (np.arange(self.side) + 0.5)
        return make_interp_spline(lines, values, k=5)(centres)


def _sum_on_lines(points: np.ndarray, covariance: np.ndarray, x: _Lines, y: _Lines) -> np.ndarray:
    """Return the sum of the densities of Gaussians where lines cross (y.count, x.count)."""
    steps, counts = np.array([x.step, y.step]), np.array([x.count, y.count])
    # In units of the lines, so that 32 bits suffice.
    covariance = (covariance + np.diag([x.blur, y.blur])) / np.outer(steps, steps)
    places = (points - [x.first, y.first]) / steps
    half = np.ceil(REACH * np.sqrt(np.einsum("nii->ni", covariance))).astype(int)
    nearest = np.rint(places).astype(int)
    inside = ((nearest >= -half) & (nearest < counts + half)).all(1)
    places, nearest, half, covariance = (
        array[inside] for array in (places, nearest, half, covariance)
    )
    pad = 2 * half.max(0, initial=0)  # so that every window lies on it as a whole
    summed = np.zeros((counts + 2 * pad + 1)[::-1], np.float32)
    at_once = max(1, CHUNK_VALUES // int((pad + 1).prod()))
    for first in range(0, len(places), at_once):
        part = slice(first, first + at_once)
        most = half[part].max(0)
        windows = _windows(nearest[part] - places[part], covariance[part], most)
        rows, columns = 2 * most[::-1] + 1
        for window, (left, low) in zip(windows, nearest[part] - most + pad, strict=True):
            summed[low : low + rows, left : left + columns] += window
    inner = summed[pad[1] : pad[1] + y.count, pad[0] : pad[0] + x.count]
    return inner / steps.prod()


def _windows(offsets: np.ndarray, covariance: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return Gaussians, each of sum 1, on the crossings about their means.

    Args:
        offsets: From each mean to the crossing nearest to it (M, 2), in lines.
        covariance: In lines (M, 2, 2).
        half: Lines to either side, along x and y.

    Returns:
        Values (M, 2 half_y + 1, 2 half_x + 1).
    """
    precision = torch.from_numpy(np.linalg.inv(covariance).astype(np.float32))
    lines = (offsets[:, axis, None] + np.arange(-half[axis], half[axis] + 1) for axis in (0, 1))
    across, up = (torch.from_numpy(line.astype(np.float32)) for line in lines)
    ones_x, ones_y = torch.ones_like(across), torch.ones_like(up)
    a, b, c = precision[:, 0, 0, None], precision[:, 0, 1, None], precision[:, 1, 1, None]
    left = torch.stack([ones_y, -b * up, -0.5 * c * up**2], dim=2)
    right = torch.stack([-0.5 * a * across**2, across, ones_x], dim=1)
    values = torch.bmm(left, right).exp_()
    values /= values.sum((1, 2), keepdim=True)
    return values.numpy()
