import io

import numpy as np
from PIL import Image

from ui.live.values import Paper
from ui.summaries import find_paper, tile_png


def test_paper_is_the_colour_of_the_borders_and_ink_what_is_far_from_it():
    images = np.full((5, 20, 10, 1), 200, np.uint8)
    images[:, 4:14, 3:6] = 100  # half as tall as the picture
    images[:, 17:19, 4] = 150  # too faint for ink
    assert find_paper(images) == Paper((200,), 64, 0.5)


def test_of_each_picture_the_longer_side_of_its_ink_counts():
    images = np.zeros((3, 8, 8, 3), np.uint8)
    images[0, 2:4, 1:7, 0] = 255  # 6 wide
    images[1, 1:5, 2:4, 1] = 255  # 4 tall
    images[2, 2:4, 2:4, 2] = 255  # 2
    assert find_paper(images) == Paper((0, 0, 0), 64, 0.5)


def test_blank_pictures_are_all_paper():
    assert find_paper(np.full((2, 4, 4, 1), 9, np.uint8)) == Paper((9,), 64, 1.0)


def test_tiles_lie_row_by_row_with_a_transparent_gap():
    tiles = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1).repeat(4, 1).repeat(4, 2)
    sheet = np.array(Image.open(io.BytesIO(tile_png(tiles, 2, 3, 2))))
    assert sheet.shape == (2 * (4 + 1 + 4), 2 * (4 + 1 + 4 + 1 + 4), 4)
    for row in range(2):
        for column in range(3):
            tile = sheet[10 * row : 10 * row + 8, 10 * column : 10 * column + 8]
            assert (tile[..., :3] == 3 * row + column).all()
            assert (tile[..., 3] == 255).all()
    assert (sheet[8:10, :, 3] == 0).all()
