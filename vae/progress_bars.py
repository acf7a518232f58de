"""Bars on standard error for commands that take time."""

from __future__ import annotations

__all__ = ["CountingBar", "TrainingBar"]

import contextlib

from tqdm import tqdm

from vae.training import Progress


class TrainingBar(contextlib.ExitStack):
    """A bar with the time left that appears with the first step: an error before stands alone."""

    bar: tqdm | None = None

    def show(self, progress: Progress) -> None:
        """Go on by a step."""
        if self.bar is None:
            bar = tqdm(
                total=progress.steps,
                initial=progress.step - 1,  # a resumed run starts where it stands
                unit="step",
                smoothing=0.05,
                mininterval=0.5,
            )
            self.bar = self.enter_context(bar)
        self.bar.set_description(f"epoch {progress.epoch}/{progress.epochs}", refresh=False)
        terms = f"-log p(x|z) {progress.reconstruction_nll:.1f}, KL {progress.kl:.2f} nats"
        self.bar.set_postfix_str(terms, refresh=False)
        self.bar.update()


class CountingBar(contextlib.ExitStack):
    """A bar of images done that appears with the first of them, as above."""

    bar: tqdm | None = None

    def show(self, done: int, total: int) -> bool:
        """Go on to ``done`` of ``total`` images; always True: to go on with the work."""
        if self.bar is None and done:
            self.bar = self.enter_context(tqdm(total=total, unit="image", mininterval=0.5))
        if self.bar is not None:
            self.bar.update(done - self.bar.n)
        return True
