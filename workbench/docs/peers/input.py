"""What the input pipeline costs: the share of a training step that waits for data, what the makers of batches reach alone, and
the most memory held, with images in memory and read anew for each batch.

    cargo build --release && python3 workbench/docs/peers/input.py [--drawings 4000] [--photos 600] [--folder DIR]

Writes drawings of 64x64 as PNGs and photographs of 500x375 as JPEGs (those of readers.py), and runs `workbench bench` on each
in turn, held and streamed. Wants numpy and pillow.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from readers import ROOT, drawings, photos

AUGMENTED = ["input.flip=both", "input.shift=2"]
STREAMED = ["input.memory_mb=1"]
# The folder reader would hold decoded pictures itself.
DECODED = ["dataset.cache_mb=0"]


def write(folder, n_drawings, n_photos):
    for name, pictures, kind in [("png", drawings(n_drawings), "png"), ("jpeg", photos(n_photos), "jpg")]:
        (folder / name).mkdir(exist_ok=True)
        for i, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / name / f"{i:05}.{kind}")


def bench(settings):
    command = [ROOT / "target/release/workbench", "bench", *settings, "--steps", "60", "--warmup", "8", "--json"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--drawings", type=int, default=4000)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        if not (folder / "jpeg").exists():
            folder.mkdir(exist_ok=True)
            write(folder, given.drawings, given.photos)
        conv = ["digits-conv", "architecture.channels=[32, 32, 64, 64]", "dataset.plugin=image-folder", *DECODED]
        png = [*conv, f"dataset.folder={folder / 'png'}"]
        jpeg = [*conv, f"dataset.folder={folder / 'jpeg'}", "dataset.size=[64]"]
        made = ["bench-mlp28", "dataset.items=400000"]
        print("| images | held | readers | waiting | images/s | images/s of data alone | made in ms a batch | peak MB |")
        print("|---|---|---|---|---|---|---|---|")
        for name, settings in [
            ("digits-mlp", ["digits-mlp"]),
            ("digits-mlp, flipped and shifted", ["digits-mlp", *AUGMENTED]),
            ("digits-mlp, binarized at every visit", ["digits-mlp", "input.binarize=dynamic"]),
            ("digits-mlp, streamed", ["digits-mlp", *STREAMED]),
            ("digits-conv", ["digits-conv"]),
            ("PNG 64x64", png),
            ("PNG 64x64", [*png, *STREAMED]),
            ("PNG 64x64", [*png, *STREAMED, "input.readers=1"]),
            ("JPEG 500x375 to 64x64", jpeg),
            ("JPEG 500x375 to 64x64", [*jpeg, *STREAMED]),
            ("400,000 made 28x28", made),
            ("400,000 made 28x28", [*made, "input.memory_mb=20"]),
        ]:
            told = bench(settings)
            data = told["data"]
            print(
                f"| {name} | {'yes' if data['held'] else 'no'} | {data['readers']} | {data['wait_fraction']:.1%} "
                f"| {told['images_per_second']:,.0f} | {data['images_per_second']:,.0f} | {data['made_ms']:.2f} "
                f"| {told['peak_rss_mb']:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
