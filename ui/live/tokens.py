"""Who may decode what: a signed, short-lived note that Python hands to the page.

The page sends it back as the socket's first frame. It names the checkpoints its visitor may
see, says nothing about the visitor, never appears in an address, and dies with the process
that signed it.
"""

from __future__ import annotations

__all__ = ["SIGNER", "Signer", "TokenError"]

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterable

LIFETIME_SECONDS = 600


class TokenError(ValueError):
    """A token is forged, damaged or expired."""


class Signer:
    """Signs and checks tokens with one secret.

    Args:
        secret: The key of the signature; random when not given.
        clock: Seconds since the epoch.

    Example:
        >>> signer = Signer()
        >>> signer.verify(signer.sign(["a1", "b2"])) == {"a1", "b2"}
        True
    """

    def __init__(self, secret: bytes | None = None, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret or secrets.token_bytes(32)
        self._clock = clock

    def sign(self, checkpoints: Iterable[str], lifetime: float = LIFETIME_SECONDS) -> str:
        """Return a token for these checkpoint ids that is good for ``lifetime`` seconds."""
        claims = {"checkpoints": sorted(checkpoints), "until": self._clock() + lifetime}
        body = _to_text(json.dumps(claims).encode())
        return f"{body}.{_to_text(self._signature(body))}"

    def verify(self, token: str) -> frozenset[str]:
        """Return the checkpoint ids of a token.

        Raises:
            TokenError: if this process did not sign it, or its time has passed.
        """
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(_to_text(self._signature(body)), signature):
            raise TokenError("the token was not signed by this server")
        claims = json.loads(_from_text(body))
        if claims["until"] < self._clock():
            raise TokenError("the token has expired")
        return frozenset(claims["checkpoints"])

    def _signature(self, body: str) -> bytes:
        return hmac.digest(self._secret, body.encode(), hashlib.sha256)


def _to_text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise TokenError("the token is damaged") from error


SIGNER = Signer()
