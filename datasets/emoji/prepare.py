"""Makes emoji.npz of the pictures and the table of their names, which are not in the repository.

    python3 prepare.py emoji-noto-base32.npz emoji-noto-names.csv emoji.npz
"""

import csv
import sys

import numpy as np


def main(pictures, table, out):
    with open(table, newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    with np.load(pictures) as archive:
        images, files = archive["images"], archive["files"]
    read = [rows[str(name)] for name in files]
    texts = {"captions": "caption", "labels": "category", "kind": "subcategory"}
    np.savez_compressed(
        out, images=images, **{name: np.array([row[of].encode() for row in read]) for name, of in texts.items()}
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
