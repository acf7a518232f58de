import base64
import json

import pytest

from ui.live.tokens import Signer, TokenError


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_a_token_names_the_checkpoints_it_was_made_for():
    signer = Signer()
    assert signer.verify(signer.sign(["b", "a"])) == {"a", "b"}


def test_a_token_of_nothing_allows_nothing():
    signer = Signer()
    assert signer.verify(signer.sign([])) == frozenset()


def test_a_token_dies_after_its_time():
    clock = Clock()
    signer = Signer(clock=clock)
    token = signer.sign(["a"], lifetime=60)
    clock.now += 60
    assert signer.verify(token) == {"a"}
    clock.now += 1
    with pytest.raises(TokenError, match="expired"):
        signer.verify(token)


def test_another_process_does_not_accept_it():
    with pytest.raises(TokenError, match="not signed"):
        Signer().verify(Signer().sign(["a"]))


@pytest.mark.parametrize("token", ["", ".", "a", "a.b", "ä.b", "....", "e30.", "\x00"])
def test_nonsense_is_refused(token):
    with pytest.raises(TokenError):
        Signer().verify(token)


def test_changed_claims_are_refused():
    signer = Signer()
    body, signature = signer.sign(["a"]).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims["checkpoints"] = ["secret"]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    with pytest.raises(TokenError, match="not signed"):
        signer.verify(f"{forged}.{signature}")


def test_the_token_fits_an_ascii_frame():
    assert Signer().sign(["a" * 64] * 3).isascii()
