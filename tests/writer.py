"""Saves checkpoints and run states until killed, over and over: see test_storage.py.

Imports torch once and forks a writer for each line "ROUND SECONDS" on standard input; kills it
with -9 after so many seconds, then prints "killed". The writer acknowledges what it saved.
"""

import os
import signal
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from vae.checkpoints import save_checkpoint
from vae.models import ModelConfig, build_model
from vae.runs import RunFolder

CONFIG = ModelConfig((1, 8, 8), 2, family="mlp", width=64)


class State:
    """A trainer as far as a run folder sees it: every tensor holds the step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def tensors(self) -> dict:
        return {name: torch.full((5000,), float(self.step)) for name in ("a", "b", "noise")}

    def position(self) -> dict:
        return {"step": self.step}


def write_until_killed(shelf: Path, kill: int, pipe: int) -> None:
    run = RunFolder(shelf / "growing")
    if not run.path.exists():
        run.begin({}, resume=False)
    reader = State(0)
    reader.restore = lambda tensors, position: setattr(reader, "step", position["step"])
    run.restore(reader)
    model = build_model(CONFIG)
    for k in range(1000):
        marker = kill * 1000 + k
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_((marker % 1024) / 1024)
        card = save_checkpoint(
            shelf / f"c-{marker % 1024}-{marker}",
            model,
            title="",
            objective={},
            data={},
            seed=0,
            training={},
            files={"codes.npz": b"codes" * 1000, "README.md": b"card"},
        )
        os.write(pipe, f"checkpoint {card.name} {card.id}\n".encode())
        reader.step += 1
        run.save(reader)
        os.write(pipe, f"state growing {reader.step}\n".encode())


def main(shelf: Path) -> None:
    torch.set_num_threads(1)  # a forked child must not wait for its parent's threads
    shelf.mkdir()
    for line in sys.stdin:
        kill, seconds = line.split()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            write_until_killed(shelf, int(kill), writing)
            os._exit(0)
        os.close(writing)
        time.sleep(float(seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reading) as pipe:
            sys.stdout.write(pipe.read())
        print("killed", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
