#!/usr/bin/env python3
"""experiments/digits-conv.toml in PyTorch: the whole of a training run, with a DataLoader; prints one JSON object.

As in the workbench: 900 of the 9,000 training images are for validation, each epoch validates and saves model and
optimizer, the loss is read back at every step, the test split is measured at the end. No figures, log or dashboard.
"""

import argparse
import gzip
import json
import os
import pathlib
import time

BEGAN = time.perf_counter()

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--images", required=True, help="datasets/digits/images-idx3-ubyte.gz")
parser.add_argument("--folder", required=True, help="where checkpoints go")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--threads", type=int, required=True)
parser.add_argument("--workers", type=int, default=0, help="processes of the DataLoader; 0 reads in this one")
parser.add_argument("--compile", action="store_true")
parser.add_argument("--seed", type=int, default=7)
given = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(given.threads)

import torch
from timing import peak_rss_mb
from torch.utils.data import DataLoader, TensorDataset, random_split
from torch_models import Conv28, losses

torch.set_num_threads(given.threads)
torch.manual_seed(given.seed)
raw = gzip.open(given.images).read()
n, height, width = (int.from_bytes(raw[at : at + 4], "big") for at in (4, 8, 12))
pixels = torch.frombuffer(bytearray(raw[16:]), dtype=torch.uint8).view(n, 1, height, width)
images = TensorDataset(pixels.float() / 255)
train, valid = random_split(torch.utils.data.Subset(images, range(n - 1000)), [0.9, 0.1])
test = torch.utils.data.Subset(images, range(n - 1000, n))
loader = lambda split, shuffle: DataLoader(
    split, batch_size=128, shuffle=shuffle, num_workers=given.workers, persistent_workers=given.workers > 0
)
batches, valid, test = loader(train, True), loader(valid, False), loader(test, False)
model = Conv28()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)


def objective(x):
    logits, mean, log_variance = model(x)
    return sum(losses(logits, x, mean, log_variance)) / len(x)


trained = torch.compile(objective) if given.compile else objective


@torch.no_grad()
def measured(loader):
    model.eval()
    total = sum(objective(x).item() * len(x) for (x,) in loader)
    model.train()
    return total / len(loader.dataset)


first = None
for epoch in range(given.epochs):
    for (x,) in batches:
        optimizer.zero_grad(set_to_none=True)
        loss = trained(x)
        loss.backward()
        optimizer.step()
        loss.item()
        first = first or time.perf_counter() - BEGAN
    measured(valid)
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, pathlib.Path(given.folder) / f"epoch-{epoch}.pt")
print(json.dumps({
    "seconds": time.perf_counter() - BEGAN,
    "first_step_seconds": first,
    "test_loss": measured(test),
    "peak_rss_mb": peak_rss_mb(),
    "version": torch.__version__,
}))
