"""Items a second of each reader of data, and of torchvision's ImageFolder on the same folder, in one run.

    python3 workbench/docs/peers/readers.py [--photos 600] [--drawings 4000] [--folder DIR]

Writes the same drawings (64x64 RGB) as .npz, PNGs, .csv, .parquet, .bin and IDX, JPEGs of 500x375, boxes of voxels as binvox and
.npy, and drawings that move as GIFs and as PNGs in folders; reads each with the workbench's reader on one thread and on two, and
the folders of pictures with a DataLoader of two workers (`--ours`: without). Wants numpy, pillow, pyarrow, trimesh, and torch and
torchvision for the last.
"""

import argparse
import gzip
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]


def drawings(n, side=64):
    """Discs in colour on a slope, with some noise, so that they are neither empty nor incompressible."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side] / side
    for _ in range(n):
        cx, cy, radius = random.uniform(0.2, 0.8, 3)
        picture = np.stack([x, y, 1 - x], -1) * random.uniform(0.3, 1, 3)
        picture[np.hypot(x - cx, y - cy) < radius / 2] = random.uniform(0, 1, 3)
        yield (picture * 240 + random.integers(0, 4, picture.shape)).astype(np.uint8)


def photos(n):
    """As large as ImageNet's usual ones, with detail at every scale as photographs have."""
    random = np.random.default_rng(1)
    for _ in range(n):
        picture = np.zeros((375, 500, 3))
        for scale in (4, 12, 40, 120):
            noise = random.uniform(-1, 1, (scale * 3 // 4 + 1, scale, 3))
            noise = np.stack(
                [np.asarray(Image.fromarray(noise[..., c].astype(np.float32)).resize((500, 375), Image.BICUBIC)) for c in range(3)],
                -1,
            )
            picture += noise * 50 / scale**0.3
        yield (picture + 128).clip(0, 255).astype(np.uint8)


def write(folder, n_drawings, n_photos):
    import pyarrow as pa
    import pyarrow.parquet as pq

    images = np.stack(list(drawings(n_drawings)))
    labels = np.arange(n_drawings) % 10
    np.savez(folder / "stored.npz", images=images, labels=labels)
    np.savez_compressed(folder / "deflated.npz", images=images, labels=labels)
    encoded = []
    for i, image in enumerate(images):
        path = folder / "png" / str(labels[i]) / f"{i:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        encoded.append(path.read_bytes())
    table = pa.table({"image": [{"bytes": file, "path": ""} for file in encoded], "label": labels})
    pq.write_table(table, folder / "pictures.parquet", row_group_size=1000)
    grey = images[:, ::2, ::2, 0]
    rows = np.concatenate([labels[:, None], grey.reshape(n_drawings, -1)], 1)
    names = ",".join(["label", *(f"p{i}" for i in range(grey[0].size))])
    np.savetxt(folder / "rows.csv", rows, fmt="%d", delimiter=",", header=names, comments="")
    small = images[:, ::2, ::2].transpose(0, 3, 1, 2).reshape(n_drawings, -1)
    records = np.concatenate([labels[:, None].astype(np.uint8), small], 1)
    (folder / "cifar").mkdir()
    records.tofile(folder / "cifar/data_batch_1.bin")
    records[:10].tofile(folder / "cifar/test_batch.bin")
    with gzip.open(folder / "images.gz", "wb", 6) as file:
        file.write(bytes([0, 0, 8, 3]) + np.array(grey.shape, ">u4").tobytes() + grey.tobytes())
    for i, image in enumerate(photos(n_photos)):
        path = folder / "jpeg" / str(i % 10) / f"{i:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path, quality=90)
    volumes(folder, n_drawings // 4)
    clips(folder, n_drawings // 10)


def volumes(folder, n):
    """Boxes in 32x32x32 and 64x64x64 voxels, one file each, and the smaller ones in one array."""
    from trimesh.exchange.binvox import export_binvox
    from trimesh.voxel import VoxelGrid

    random = np.random.default_rng(2)
    grids = np.zeros((n, 32, 32, 32), bool)
    for i, grid in enumerate(grids):
        low, high = np.sort(random.integers(1, 31, (2, 3)), 0)
        grid[low[0] : high[0] + 1, low[1] : high[1] + 1, low[2] : high[2] + 1] = True
        for name, voxels in [("binvox", grid), ("binvox64", grid.repeat(2, 0).repeat(2, 1).repeat(2, 2))]:
            path = folder / name / str(i % 10) / f"{i:06}.binvox"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(export_binvox(VoxelGrid(voxels)))
    np.save(folder / "grids.npy", grids)


def clips(folder, n, frames=16):
    """Drawings that move to the side, as GIFs and as folders of PNGs."""
    for i, drawing in enumerate(drawings(n)):
        images = [Image.fromarray(np.roll(drawing, 2 * t, 1)) for t in range(frames)]
        path = folder / "gif" / str(i % 10) / f"{i:06}.gif"
        path.parent.mkdir(parents=True, exist_ok=True)
        images[0].save(path, save_all=True, append_images=images[1:], duration=100)
        path = folder / "clips" / str(i % 10) / f"{i:06}"
        path.mkdir(parents=True)
        for t, image in enumerate(images):
            image.save(path / f"{t}.png")


def torchvision(folder, size):
    """Items a second of a whole pass with two workers, and of one without any."""
    from torch.utils.data import DataLoader
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    # What the workbench's reader does: the middle, scaled down, as bytes.
    steps = [transforms.Resize(size), transforms.CenterCrop(size)] if size else []
    data = ImageFolder(folder, transforms.Compose([*steps, transforms.PILToTensor()]))
    found = {}
    for workers in (0, 2):
        loader = DataLoader(data, batch_size=128, num_workers=workers, persistent_workers=workers > 0)
        best = 0
        # The second pass has its workers running.
        for _ in range(3):
            began = time.perf_counter()
            n = sum(len(labels) for _, labels in loader)
            best = max(best, n / (time.perf_counter() - began))
        found[workers] = best
    return found


def ours(folder):
    command = "cargo test --release -p workbench-tests --test readers -- --ignored --nocapture --exact throughput::items_a_second"
    environment = {**os.environ, "WORKBENCH_READERS": str(folder)}
    done = subprocess.run(command.split(), cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drawings", type=int, default=4000)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--ours", action="store_true", help="without torchvision")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        if not (folder / "jpeg").exists():
            write(folder, options.drawings, options.photos)
        print("load before:", os.getloadavg()[0])
        for kind, size in () if options.ours else (("png", 0), ("jpeg", 64)):
            found = torchvision(folder / kind, size)
            print(f"torchvision, {kind}: {found[0]:,.0f} items/s without workers, {found[2]:,.0f} with two")
        for line in ours(folder):
            print(f"{line['reader']}, {line['of']}: opened in {line['open_s']:.2f} s, {line['one']:,.0f} items/s on one thread, {line['two']:,.0f} on two")
        print("load after:", os.getloadavg()[0])


if __name__ == "__main__":
    main()
