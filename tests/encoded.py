"""Small pictures as files of every format."""

import io

import numpy as np
from PIL import Image

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
COLOURS = np.array([[RED, GREEN], [BLUE, (255, 255, 255)]], np.uint8).repeat(4, 0).repeat(4, 1)
FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP"]


def encoded(image, kind="PNG", **options):
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
