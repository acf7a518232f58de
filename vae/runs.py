"""A training run as a folder: killed at any moment, it goes on from its last save.

``NAME.run/recipe.json`` says what is trained; ``steps/N/`` holds the state after step N, and the
file ``latest``, replaced atomically, points at the one that counts.
"""

from __future__ import annotations

__all__ = ["RunError", "RunFolder"]

import hashlib
import json
import shutil
from pathlib import Path

import safetensors.torch

from vae.storage import publish_folder, replace_file
from vae.training import Trainer

STATE, POSITION = "state.safetensors", "position.json"


class RunError(ValueError):
    """A run cannot start, go on or be read; the message says why and what to do."""


class RunFolder:
    """Where the state of one run grows, beside the checkpoint it will become.

    Args:
        checkpoint: The folder the finished checkpoint will be published at.
    """

    def __init__(self, checkpoint: Path) -> None:
        self.path = checkpoint.with_name(checkpoint.name + ".run")

    def begin(self, recipe: dict, *, resume: bool) -> bool:
        """Claim the folder for a recipe, or find the run to resume in it.

        Returns:
            Whether there is an earlier run of the same recipe to go on with.

        Raises:
            RunError: if an unfinished run is there and ``resume`` is false, or its recipe differs.
        """
        if not self.path.exists():
            with publish_folder(self.path) as temporary:
                content = json.dumps(recipe, indent=2) + "\n"
                (temporary / "recipe.json").write_text(content, encoding="utf-8")
            return False
        if not resume:
            raise RunError(
                f"an unfinished run is at {self.path}; add --resume to go on, or delete it"
            )
        found = self._recipe()
        given = json.loads(json.dumps(recipe))
        different = sorted(key for key in found | given if found.get(key) != given.get(key))
        if different:
            raise RunError(
                f"the run at {self.path} was started with another {', '.join(different)}; "
                "give the same settings, or delete it"
            )
        return True

    def save(self, trainer: Trainer) -> None:
        """Write the state after the current step, then point at it and drop the one before."""
        folder = self.path / "steps" / str(trainer.step)
        if folder.exists():  # left by a process killed before it moved the pointer
            shutil.rmtree(folder)
        tensors = safetensors.torch.save(trainer.tensors())
        with publish_folder(folder) as temporary:
            (temporary / STATE).write_bytes(tensors)
            position = json.dumps(trainer.position())
            (temporary / POSITION).write_text(position, encoding="utf-8")
        pointer = {"step": trainer.step, "sha256": hashlib.sha256(tensors).hexdigest()}
        replace_file(self.path / "latest", json.dumps(pointer).encode())
        for old in folder.parent.iterdir():
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)

    def restore(self, trainer: Trainer) -> bool:
        """Bring a trainer to the last save; False where none was made yet.

        Raises:
            RunError: if the saved state is damaged.
        """
        latest = self.path / "latest"
        if not latest.is_file():
            return False
        pointer = json.loads(latest.read_bytes())
        folder = self.path / "steps" / str(int(pointer["step"]))
        try:
            content = (folder / STATE).read_bytes()
            position = json.loads((folder / POSITION).read_bytes())
        except (OSError, ValueError) as error:
            raise RunError(f"the state in {folder} cannot be read; delete {self.path}") from error
        if hashlib.sha256(content).hexdigest() != pointer["sha256"]:
            raise RunError(f"the state in {folder} is damaged; delete {self.path}")
        trainer.restore(safetensors.torch.load(content), position)
        return True

    def remove(self) -> None:
        """Delete the run, once its checkpoint is published."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _recipe(self) -> dict:
        try:
            return json.loads((self.path / "recipe.json").read_bytes())
        except (OSError, ValueError) as error:
            raise RunError(
                f"{self.path} is not a run; delete it or choose another --out"
            ) from error
