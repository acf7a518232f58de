import torch

from vae.augmentation import augment


def test_variants_keep_shape_and_range_and_follow_the_seed():
    x = torch.rand(64, 3, 16, 20)
    seeded = lambda seed: augment(x, torch.Generator().manual_seed(seed))  # noqa: E731
    first = seeded(0)
    assert first.shape == x.shape and first.min() >= 0 and first.max() <= 1
    assert torch.equal(first, seeded(0)) and not torch.equal(first, seeded(1))


def test_some_images_stay_some_are_mirrored_some_change_colour():
    x = torch.rand(400, 3, 8, 8)
    out = augment(x, torch.Generator().manual_seed(0))
    same = lambda other: ((out - other).abs().flatten(1).max(1).values < 1e-4).float().mean()  # noqa: E731
    assert 0.08 < same(x) < 0.2  # an eighth: neither mirrored nor moved nor recoloured
    assert 0.08 < same(x.flip(3)) < 0.2


def test_a_grey_image_stays_one_channel():
    assert augment(torch.rand(4, 1, 8, 8), torch.Generator().manual_seed(0)).shape == (4, 1, 8, 8)


def test_an_enlarged_image_shows_its_own_pixels():
    x = torch.full((50, 1, 8, 8), 0.5)
    out = augment(x, torch.Generator().manual_seed(0))
    levels = out.flatten(1)
    assert (levels.max(1).values - levels.min(1).values < 1e-4).all()
