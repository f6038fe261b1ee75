"""A small convolutional network next to `fisher`, by training images per person.

    pip install jax optax     # not packages of this project
    python -m benchmarks.network

Four convolutions with pooling, dropout and a dense layer are trained from random weights, on images
that are mirrored, shifted and lit differently in each step (Adam with decoupled weight decay,
cosine schedule, label smoothing). The people, images and splits are those of
`benchmarks.recognition`. The design was chosen on seed 100; the reported seeds start at 0.
"""

import argparse
import time
from collections import defaultdict
from functools import partial
from itertools import pairwise, product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.recognition import accuracy, fit, sample_per_person
from faces.data.dataset import Faces, load_faces
from faces.runtime.image import IMAGE_SIDE

IMAGES_PER_PERSON = (3, 5, 8)
CHANNELS = (1, 8, 16, 32, 64)
BATCH, STEPS, LEARNING_RATE, WEIGHT_DECAY = 64, 600, 2e-3, 1e-3
DROPOUT, SMOOTHING = 0.4, 0.1
SHIFT, CONTRAST, BRIGHTNESS = 4, 0.15, 0.05
"""Largest shift in pixels; standard deviations of the logarithm of contrast, and of brightness."""

Array = Any
"""An array of JAX."""

Rows = NDArray[np.integer]


def main() -> None:
    """Train on several splits, and print accuracy and time in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--images", type=int, nargs="+", default=IMAGES_PER_PERSON)
    args = parser.parse_args()
    faces = load_faces("olivetti")
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    figures: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for seed, each in track(list(product(seeds, args.images)), "training"):
        train, test = sample_per_person(faces, faces.identities, each, seed)
        began = time.perf_counter()
        network = train_network(faces, train, seed)
        seconds = time.perf_counter() - began
        fisher = accuracy(fit("fisher", faces, train), faces.pixels[test], faces.labels[test])
        correct = predict(network, faces, test) == faces.labels[test]
        figures[each].append((float(correct.mean()), fisher, seconds))
    print("| images per person | network, % | fisher, % | training of the network, s |")
    print("|---|---|---|---|")
    for each, rounds in figures.items():
        network_, fisher_, seconds_ = np.array(rounds).T
        cells = [f"{100 * v.mean():.1f} ± {100 * v.std():.1f}" for v in (network_, fisher_)]
        print(f"| {each} | {' | '.join(cells)} | {np.median(seconds_):.0f} |")


def train_network(faces: Faces, rows: Rows, seed: int) -> Array:
    """Train on some images; return the weights."""
    codes = np.searchsorted(faces.identities, faces.labels[rows])
    images = jnp.asarray(np.ascontiguousarray(faces.images[rows]))
    weights = optimise(len(faces.identities), jax.random.key(seed), images, jnp.asarray(codes))
    return jax.block_until_ready(weights)


def predict(weights: Array, faces: Faces, rows: Rows) -> NDArray[np.str_]:
    """Return the names of some images, from the image and its mirror image."""
    images = standardise(jnp.asarray(np.ascontiguousarray(faces.images[rows])))
    scores = logits(weights, images) + logits(weights, images[:, :, ::-1])
    names: NDArray[np.str_] = np.asarray(faces.identities)[np.asarray(scores).argmax(axis=1)]
    return names


@partial(jax.jit, static_argnums=0)
def optimise(classes: int, key: Array, images: Array, codes: Array) -> Array:
    """Minimise the cross-entropy of randomly changed images."""
    first, steps = jax.random.split(key)
    schedule = optax.cosine_decay_schedule(LEARNING_RATE, STEPS)
    optimiser = optax.adamw(schedule, weight_decay=WEIGHT_DECAY)

    def loss(weights: Array, batch: Array, truth: Array, dropped: Array) -> Array:
        target = optax.smooth_labels(jax.nn.one_hot(truth, classes), SMOOTHING)
        return optax.softmax_cross_entropy(logits(weights, batch, dropped), target).mean()

    def step(state: Array, key: Array) -> tuple[Array, None]:
        weights, momenta = state
        chosen, changed, dropped = jax.random.split(key, 3)
        rows = jax.random.choice(chosen, len(images), (BATCH,))
        batch = standardise(change(changed, images[rows]))
        gradient = jax.grad(loss)(weights, batch, codes[rows], dropped)
        updates, momenta = optimiser.update(gradient, momenta, weights)
        return (optax.apply_updates(weights, updates), momenta), None

    weights = initial_weights(first, classes)
    state = (weights, optimiser.init(weights))
    return jax.lax.scan(step, state, jax.random.split(steps, STEPS))[0][0]


def initial_weights(key: Array, classes: int) -> Array:
    """Return random kernels with scale and offset of each channel, and the dense layer."""
    keys = jax.random.split(key, len(CHANNELS))
    weights: list[tuple[Array, ...]] = []
    for own, (before, after) in zip(keys[:-1], pairwise(CHANNELS), strict=True):
        kernel = jax.random.normal(own, (3, 3, before, after)) * np.sqrt(2 / (9 * before))
        weights.append((kernel, jnp.ones(after), jnp.zeros(after)))
    inputs = CHANNELS[-1] * (IMAGE_SIDE // 2 ** (len(CHANNELS) - 1)) ** 2
    dense = jax.random.normal(keys[-1], (inputs, classes)) / np.sqrt(inputs)
    return [*weights, (dense, jnp.zeros(classes))]


def logits(weights: Array, images: Array, dropped: Array | None = None) -> Array:
    """Return the score of each class (n, classes) for standardised images (n, 64, 64)."""
    maps = images[..., None]
    for kernel, scale, offset in weights[:-1]:
        maps = convolve(maps, kernel)
        mean = maps.mean((1, 2, 3), keepdims=True)
        variance = maps.var((1, 2, 3), keepdims=True)
        maps = jax.nn.relu((maps - mean) / jnp.sqrt(variance + 1e-5) * scale + offset)
        n, side, _, channels = maps.shape
        maps = maps.reshape(n, side // 2, 2, side // 2, 2, channels).max((2, 4))
    rows = maps.reshape(len(maps), -1)
    if dropped is not None:
        kept = jax.random.bernoulli(dropped, 1 - DROPOUT, rows.shape)
        rows = jnp.where(kept, rows / (1 - DROPOUT), 0)
    dense, bias = weights[-1]
    return rows @ dense + bias


def convolve(maps: Array, kernel: Array) -> Array:
    """Convolve by a matrix product: on a processor, its gradient is faster than JAX's own."""
    _, height, width, _ = maps.shape
    padded = jnp.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
    parts = [padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return jnp.concatenate(parts, axis=-1) @ kernel.reshape(-1, kernel.shape[-1])


def change(key: Array, images: Array) -> Array:
    """Mirror and shift images, and change their light, at random."""
    mirrored, shifted, lit = jax.random.split(key, 3)
    n = len(images)
    flip = jax.random.bernoulli(mirrored, 0.5, (n, 1, 1))
    images = jnp.where(flip, images[:, :, ::-1], images)
    shifts = jax.random.randint(shifted, (n, 2), 0, 2 * SHIFT + 1)
    padded = jnp.pad(images, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)), mode="edge")
    size = (IMAGE_SIDE, IMAGE_SIDE)
    images = jax.vmap(lambda image, start: jax.lax.dynamic_slice(image, start, size))(
        padded, shifts
    )
    light = jax.random.normal(lit, (n, 2, 1, 1)) * jnp.array([CONTRAST, BRIGHTNESS])[:, None, None]
    return images * jnp.exp(light[:, 0]) + light[:, 1]


def standardise(images: Array) -> Array:
    """Scale each image to mean 0 and standard deviation 1."""
    centred = images - images.mean((1, 2), keepdims=True)
    return centred / (images.std((1, 2), keepdims=True) + 1e-3)


if __name__ == "__main__":
    main()
