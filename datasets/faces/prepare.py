"""Makes faces.npz of the drawings and the table of their parts, which are not in the repository.

    python3 prepare.py cartoon-faces-png64.tar cartoon-faces-attributes.csv faces.npz

The parts, by their names in Open Peeps, become the attributes that a card can name: what is seen, not how it was called.
"""

import csv
import io
import sys
import tarfile

import numpy as np
from PIL import Image

EXPRESSION = {
    "happy": "smile smileBig smileLOL smileTeethGap lovingGrin1 lovingGrin2 cheeky cute eatingHappy",
    "calm": "calm blank serious driven eyesClosed explaining old suspicious contempt",
    "sad": "solemn concerned concernedFear tired",
    "afraid": "fear hectic awe",
    "angry": "angryWithFang rage veryAngry",
    # One eye, or three: what they feel can't be told.
    "": "cyclops monster",
}
HAIR = {
    "bald": "noHair1 noHair2 noHair3",
    "short": "short1 short2 short3 short4 short5 flatTop flatTopLong pomp grayShort twists twists2 shaved1 shaved2 shaved3",
    "mohawk": "mohawk mohawk2",
    "medium": "bangs bangs2 grayMedium medium1 medium2 medium3 mediumBangs mediumBangs2 mediumBangs3 mediumStraight",
    "long": "long longBangs longCurly",
    "curly": "afro longAfro dreads1 dreads2 bantuKnots",
    "tied": "bun bun2 buns cornrows cornrows2 grayBun",
    "covered": "hatBeanie hatHip hijab turban",
    "bear": "bear",
}
BEARD = {
    "none": "",
    "moustache": " ".join(f"moustache{i}" for i in range(1, 10)),
    "beard": "chin full full2 full3 full4 goatee1 goatee2",
}
EYEWEAR = {
    "none": "",
    "glasses": "glasses glasses2 glasses3 glasses4 glasses5",
    "sunglasses": "sunglasses sunglasses2",
    "eyepatch": "eyepatch",
}
SKIN = dict(zip(["ffdbb4", "edb98a", "d08b5b", "ae5d29", "694d3d"], ["very light", "light", "medium", "dark", "very dark"]))
CLOTHING = dict(
    zip(
        ["ffcf77", "fdea6b", "78e185", "8fa7df", "9ddadb", "e78276", "e279c7"],
        ["orange", "yellow", "green", "blue", "turquoise", "red", "pink"],
    )
)
COLOUR = dict(
    zip(
        ["2c1b18", "4a312c", "724133", "a55728", "b58143", "e8e1e1"],
        ["black", "dark brown", "brown", "auburn", "blond", "white"],
    )
)
# The drawings whose hair, or beard, takes a colour; others are black.
COLOURED = "bangs grayBun grayMedium grayShort mediumBangs2 mohawk mohawk2 short4 noHair3 cornrows".split()
COLOURED_BEARDS = ["full4", "moustache9"]
NO_HAIR = "noHair1 noHair2 hatBeanie hatHip hijab turban bear".split()


def group(groups, part):
    return next(name for name, parts in groups.items() if part in (parts.split() or [""]))


def attributes(row):
    head, colour = row["head"], COLOUR[row["head_contrast"]]
    white = colour == "white" and (head in COLOURED or row["facial_hair"] in COLOURED_BEARDS)
    return {
        "expression": group(EXPRESSION, row["face"]),
        "hair": group(HAIR, head),
        "hair_colour": "" if head in NO_HAIR else colour if head in COLOURED else "black",
        "beard": group(BEARD, row["facial_hair"]),
        "eyewear": group(EYEWEAR, row["accessory"]),
        "skin": SKIN[row["skin"]],
        "clothing": CLOTHING[row["clothing"]],
        "looks_old": "yes" if row["face"] == "old" or white else "no",
    }


def main(pictures, table, out):
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    with tarfile.open(pictures) as tar:
        files = {member.name.rsplit("/", 1)[-1]: tar.extractfile(member).read() for member in tar if member.isfile()}
    images = np.stack([np.asarray(Image.open(io.BytesIO(files[row["file"]])).convert("RGB")) for row in rows])
    read = [attributes(row) for row in rows]
    columns = {name: np.array([row[name] for row in read], dtype="S") for name in read[0]}
    np.savez_compressed(out, images=images, **columns)


if __name__ == "__main__":
    main(*sys.argv[1:])
