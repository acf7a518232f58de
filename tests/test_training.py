import contextlib
import dataclasses
import json

import numpy as np
import pytest
import torch
from tiny import bars, tiny_recipe

from vae.checkpoints import load_model
from vae.metrics.likelihood import evaluate
from vae.models import ModelConfig, build_model
from vae.objectives import ObjectiveConfig, compute_objective
from vae.recipe import make_checkpoint
from vae.runs import RunError, RunFolder
from vae.training import Trainer, TrainingConfig, TrainingError


def trainer(
    family="mlp", precision="float32", seed=0, epochs=4, n=100, dropout=0.0, **objective
) -> Trainer:
    model = ModelConfig((1, 8, 8), 2, family=family, width=16, channels=4)
    training = TrainingConfig(
        epochs=epochs,
        batch_size=32,
        seed=seed,
        precision=precision,
        learning_rate=3e-3,
        dropout=dropout,
    )
    return Trainer(bars(n), bars(40, split="test"), model, ObjectiveConfig(**objective), training)


def weights(run: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in run.model.state_dict().items()}


def assert_same(first: dict, second: dict) -> None:
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("family", ["mlp", "conv"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_seed_trains_the_same_weights(family, precision):
    runs = [trainer(family, precision, seed) for seed in (0, 0, 1)]
    first, same, other = (r.run() and weights(r) for r in runs)
    assert_same(first, same)
    assert not all(torch.equal(first[name], other[name]) for name in first)
    assert runs[0].history[0].keys() == runs[1].history[0].keys()


@pytest.mark.parametrize("family", ["mlp", "conv"])
def test_dropout_hides_a_share_of_features_in_training_steps_only(family):
    run = trainer(family, dropout=0.25, epochs=1)
    layer = next(part for part in run.model.encoder.modules() if isinstance(part, torch.nn.Linear))
    seen = []
    layer.register_forward_hook(lambda layer, inputs, output: seen.append(inputs[0].detach()))
    parts = list(run.model.encoder)
    whole = torch.nn.Sequential(*parts[: parts.index(layer)])
    rows = torch.arange(64)
    x = run.pixels[rows].float() / 255
    features = whole(x)
    run._train_step(rows)
    kept = seen[0] != 0
    torch.testing.assert_close(seen[0][kept], features[kept] / 0.75)
    alive = features != 0
    assert 0.7 < (kept & alive).sum() / alive.sum() < 0.8
    run._measure_held_out()
    held_out = whole(run.curve_images)
    torch.testing.assert_close(seen[-1], held_out)


def test_a_falling_beta_is_that_of_the_step(monkeypatch):
    seen = []

    def remember(*arguments, beta=None, **named):
        seen.append(beta)
        return compute_objective(*arguments, beta=beta, **named)

    monkeypatch.setattr("vae.training.compute_objective", remember)
    run = trainer("mlp", beta=8, final_beta=2)
    run.run()
    trained = [beta for beta in seen if beta is not None]  # the curves are of the ELBO
    assert trained == [run.objective.beta_at(step / run.steps) for step in range(run.steps)]
    assert trained[0] == 8
    assert trained[-1] == pytest.approx(2)


FALLING = {"name": "beta-tc", "beta": 2, "final_beta": 1, "warm_up": 2, "dropout": 0.2}


@pytest.mark.parametrize("family", ["mlp", "conv"])
@pytest.mark.parametrize("stop", [1, 3, 4, 7, 12])
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(family, stop, tmp_path):
    whole = trainer(family, **FALLING)
    whole.run()

    class KilledError(Exception):
        pass

    half, folder = (
        trainer(family, **FALLING),
        RunFolder(tmp_path / "c"),
    )
    folder.begin({}, resume=False)

    def save_and_die():
        if half.step == stop:
            folder.save(half)
        elif half.step == stop + 1:
            raise KilledError

    with contextlib.suppress(KilledError):
        half.run(on_save=save_and_die)
    resumed = trainer(family, **FALLING)
    assert RunFolder(tmp_path / "c").restore(resumed)
    assert resumed.step == stop
    resumed.run()
    assert_same(weights(whole), weights(resumed))
    timeless = lambda rows: [{k: v for k, v in r.items() if k != "seconds"} for r in rows]  # noqa: E731
    assert timeless(whole.history) == timeless(resumed.history)


def test_training_leaves_the_global_random_state():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    trainer(epochs=1).run()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_every_training_image_is_seen_once_an_epoch():
    run = trainer(n=96, epochs=2)
    batches = []
    for rows in run._batches():
        batches.append(rows)
        run.step += 1
    first, second = torch.cat(batches[:3]), torch.cat(batches[3:])
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(96))
    assert first.tolist() != second.tolist()


def test_training_learns_what_an_untrained_model_does_not_know():
    run = trainer(epochs=60)
    untrained = build_model(run.model.config).eval()
    images = bars(200, split="test", seed=9)
    before, after = evaluate(untrained, images), evaluate(run.run(), images)
    assert after.elbo > before.elbo + 10
    assert after.mse < 0.6 * before.mse


def test_progress_counts_every_step_and_estimates_the_rest():
    steps = []
    trainer(epochs=2).run(on_step=steps.append)
    assert [progress.step for progress in steps] == [1, 2, 3, 4, 5, 6]
    assert [progress.epoch for progress in steps] == [1, 1, 1, 2, 2, 2]
    assert steps[0].seconds_left > 0 and steps[-1].seconds_left == 0


def test_history_has_a_row_an_epoch_with_both_splits():
    run = trainer(epochs=3)
    run.run()
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    assert all(np.isfinite(list(row.values())).all() for row in run.history)


def test_too_few_images_are_refused():
    with pytest.raises(TrainingError, match="31 images to train on; give at least 32"):
        trainer(n=31)


def test_a_loss_that_is_no_number_stops_the_run_with_advice():
    run = trainer()
    with torch.no_grad():
        next(run.model.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingError, match="no longer a number at step 1; try a smaller"):
        run.run()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0; give an integer from 1"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"precision": "half"}, "choose one of auto, float32, bfloat16"),
    ],
    ids=str,
)
def test_a_bad_setting_is_named_with_what_is_allowed(settings, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**settings)


def test_auto_precision_is_written_down_as_what_it_was():
    assert TrainingConfig(precision="auto").precision in ("float32", "bfloat16")


def test_an_unfinished_run_is_neither_lost_nor_mixed_up(bars_file, tmp_path):
    recipe, out = tiny_recipe(bars_file), tmp_path / "one"

    def die(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_checkpoint(recipe, out, on_step=die)
    with pytest.raises(RunError, match="add --resume to go on, or delete it"):
        make_checkpoint(recipe, out)
    other = dataclasses.replace(recipe, training=TrainingConfig(epochs=3))
    with pytest.raises(RunError, match="started with another training"):
        make_checkpoint(other, out, resume=True)
    card = make_checkpoint(recipe, out, resume=True)
    load_model(card)
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    with pytest.raises(FileExistsError, match="already exists"):
        make_checkpoint(recipe, out, resume=True)


def test_a_damaged_run_says_so(tmp_path):
    run, folder = trainer(), RunFolder(tmp_path / "c")
    folder.begin({}, resume=False)
    assert not folder.restore(run)
    folder.save(run)
    state = next(folder.path.glob("steps/*/state.safetensors"))
    content = state.read_bytes()
    state.write_bytes(content[:-1])
    with pytest.raises(RunError, match="damaged"):
        folder.restore(trainer())
    state.unlink()
    with pytest.raises(RunError, match="cannot be read"):
        folder.restore(trainer())


def test_recipe_json_is_the_recipe(bars_file, tmp_path):
    recipe = tiny_recipe(bars_file)
    folder = RunFolder(tmp_path / "c")
    folder.begin(dataclasses.asdict(recipe), resume=False)
    saved = json.loads((folder.path / "recipe.json").read_text())
    assert saved["model"]["latent_dim"] == 3 and saved["training"]["epochs"] == 20
