#!/usr/bin/env python3
"""Times training steps of one reference model in JAX on the CPU (jit, donated buffers); prints one JSON object.

The same step as in torch_bench.py; Adam is written out, as JAX has none of its own.
"""

import argparse
import json
import os
import time

BEGAN = time.perf_counter()

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--model", choices=["mlp28", "conv28", "conv64"], required=True)
parser.add_argument("--layout", choices=["nchw", "nhwc"], default="nchw")
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--warmup", type=int, default=20)
parser.add_argument("--steps", type=int, default=100)
given = parser.parse_args()
# XLA has as many threads as the process may use cores.
os.environ["JAX_PLATFORMS"] = "cpu"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: given.threads]))

import jax
import jax.numpy as jnp
from jax import lax
from timing import report, timed

MODELS = {
    "mlp28": {"shape": (1, 28, 28), "batch": 128, "channels": [], "hidden": 400, "latent": 20},
    "conv28": {"shape": (1, 28, 28), "batch": 128, "channels": [32, 64], "hidden": 256, "latent": 20},
    "conv64": {"shape": (3, 64, 64), "batch": 64, "channels": [32, 32, 64, 64], "hidden": 256, "latent": 32},
}
MODEL = MODELS[given.model]
CHANNELS, HIDDEN, LATENT = MODEL["channels"], MODEL["hidden"], MODEL["latent"]
SIZES = [MODEL["shape"][0], *CHANNELS]
SIDE = MODEL["shape"][1] >> len(CHANNELS)
FIRST = given.layout == "nchw"


def initial(key):
    """Parameters as PyTorch initialises them: uniform, by fan-in."""
    keys = iter(jax.random.split(key, 64))
    uniform = lambda shape, fan: jax.random.uniform(next(keys), shape, jnp.float32, -(fan**-0.5), fan**-0.5)
    linear = lambda a, b: (uniform((a, b), a), uniform((b,), a))
    # Height, width, in, out; that of a transposed convolution is stored flipped.
    conv = lambda a, b, fan: (uniform((4, 4, a, b), 16 * fan), uniform((b,), 16 * fan))
    flat = SIZES[-1] * SIDE * SIDE
    return {
        "down": [conv(a, b, a) for a, b in zip(SIZES, CHANNELS)],
        "up": [conv(b, a, a) for a, b in zip(SIZES, CHANNELS)][::-1],
        "hidden": linear(flat, HIDDEN),
        "mean": linear(HIDDEN, LATENT),
        "log_variance": linear(HIDDEN, LATENT),
        "back": linear(LATENT, HIDDEN),
        "spread": linear(HIDDEN, flat),
    }


def dense(p, x):
    return x @ p[0] + p[1]


def convolve(p, x, **how):
    layout = given.layout.upper()
    y = lax.conv_general_dilated(x, p[0], dimension_numbers=(layout, "HWIO", layout), **how)
    return y + (p[1][:, None, None] if FIRST else p[1])


def objective(p, x, key):
    h, n = x, x.shape[0]
    for layer in p["down"]:
        h = jax.nn.relu(convolve(layer, h, window_strides=(2, 2), padding=((1, 1), (1, 1))))
    h = jax.nn.relu(dense(p["hidden"], h.reshape(n, -1)))
    mean, log_variance = dense(p["mean"], h), dense(p["log_variance"], h)
    z = mean + jax.random.normal(key, mean.shape) * jnp.exp(0.5 * log_variance)
    h = dense(p["spread"], jax.nn.relu(dense(p["back"], z)))
    if CHANNELS:
        h = jax.nn.relu(h).reshape((n, SIZES[-1], SIDE, SIDE) if FIRST else (n, SIDE, SIDE, SIZES[-1]))
    for i, layer in enumerate(p["up"]):
        # A transposed convolution of kernel 4, stride 2, padding 1.
        h = convolve(layer, h, window_strides=(1, 1), padding=((2, 2), (2, 2)), lhs_dilation=(2, 2))
        h = h if i == len(p["up"]) - 1 else jax.nn.relu(h)
    logits, target = h.reshape(n, -1), x.reshape(n, -1)
    recon = jnp.sum(jnp.maximum(logits, 0) - logits * target + jnp.log1p(jnp.exp(-jnp.abs(logits))))
    kl = -0.5 * jnp.sum(1 + log_variance - mean * mean - jnp.exp(log_variance))
    return (recon + kl) / n


def trained(state, x):
    p, m, v, t, key = state
    key, noise = jax.random.split(key)
    loss, gradient = jax.value_and_grad(objective)(p, x, noise)
    t = t + 1
    by_leaf = jax.tree_util.tree_map
    m = by_leaf(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
    v = by_leaf(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
    c1, c2 = 1 - 0.9 ** t.astype(jnp.float32), 1 - 0.999 ** t.astype(jnp.float32)
    p = by_leaf(lambda p, m, v: p - 1e-3 * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), p, m, v)
    return (p, m, v, t, key), loss


parameters = initial(jax.random.PRNGKey(0))
zeros = lambda: jax.tree_util.tree_map(jnp.zeros_like, parameters)
count = sum(x.size for x in jax.tree_util.tree_leaves(parameters))
state = (parameters, zeros(), zeros(), jnp.int32(0), jax.random.PRNGKey(1))
channels, *sides = MODEL["shape"]
shape = (channels, *sides) if FIRST else (*sides, channels)
x = jax.random.uniform(jax.random.PRNGKey(2), (MODEL["batch"], *shape))
compiled = jax.jit(trained, donate_argnums=0)


def step():
    global state
    state, loss = compiled(state, x)
    jax.block_until_ready(state)
    return float(loss)


times, first = timed(step, given.warmup, given.steps, BEGAN)
print(json.dumps(report(
    times,
    first,
    MODEL["batch"],
    engine="jax",
    mode=given.layout,
    model=given.model,
    threads=given.threads,
    parameters=int(count),
    loss=step(),
    version=jax.__version__,
)))
