#!/usr/bin/env python3
"""Times training steps of one reference model in PyTorch on the CPU; prints one JSON object.

A step: zero_grad, forward, noise, BCE with logits (res64: Gaussian pixels) + KL, backward, Adam, and the loss read back, as a trainer that shows
a live curve does. The batch is random and stays in memory.
"""

import argparse
import json
import os
import time

BEGAN = time.perf_counter()

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--model", choices=["mlp28", "conv28", "conv64", "res64"], required=True)
parser.add_argument(
    "--mode",
    default="eager",
    choices=["eager", "plain-adam", "channels-last", "compile", "max-autotune"],
    help="eager, channels-last, compile and max-autotune use PyTorch's fused Adam",
)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--warmup", type=int, default=20)
parser.add_argument("--steps", type=int, default=100)
given = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(given.threads)

import torch
from timing import report, timed
from torch_models import MODELS, losses

torch.set_num_threads(given.threads)
torch.manual_seed(0)
kind = MODELS[given.model]
model, x = kind(), torch.rand(kind.batch, *kind.shape)
if given.mode == "channels-last":
    model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=given.mode != "plain-adam" or None)


def objective(x):
    logits, mean, log_variance = model(x)
    return sum(losses(logits, x, mean, log_variance, getattr(kind, "recon", None))) / len(x)


if given.mode in ("compile", "max-autotune"):
    objective = torch.compile(objective, mode="max-autotune" if given.mode == "max-autotune" else None)


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = objective(x)
    loss.backward()
    optimizer.step()
    return loss.item()


times, first = timed(step, given.warmup, given.steps, BEGAN)
print(json.dumps(report(
    times,
    first,
    kind.batch,
    engine="torch",
    mode=given.mode,
    model=given.model,
    threads=given.threads,
    parameters=sum(p.numel() for p in model.parameters()),
    loss=step(),
    version=torch.__version__,
    instructions=torch.backends.cpu.get_cpu_capability(),
)))
