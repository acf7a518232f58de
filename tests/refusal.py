"""What a refused file looks like: a ``DataError`` of one plain line."""

import pytest

from vae.data import DataError, load


def refused(path, message, split="train"):
    with pytest.raises(DataError, match=message) as caught:
        load(path, split)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400
