#!/usr/bin/env python3
"""Whole training runs, by the clock on the wall: digits-conv in the workbench and in PyTorch, in turn.

  python3 full_run.py                      # three rounds of 20 epochs
  python3 full_run.py --epochs 2 --rounds 1 --who workbench dashboard torch

From the start of the process to its end, so that start-up, reading data, validation and checkpoints count. The
workbench also draws its figures and writes its log; `dashboard` is the same run, started on a terminal of 120 by 40
whose screen is read throughout.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from compare import ROOT, available, spread

HERE = pathlib.Path(__file__).resolve().parent
NAMES = {
    "workbench": "workbench, --headless",
    "dashboard": "workbench, with its dashboard",
    "torch": "PyTorch eager, fused Adam, DataLoader",
    "torch-workers": "the same, two DataLoader workers",
    "torch-compile": "PyTorch, torch.compile, DataLoader",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--who", nargs="+", choices=NAMES, default=["workbench", "dashboard", "torch", "torch-compile"])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=available())
    parser.add_argument("--workbench", default=str(ROOT / "target/release/workbench"), metavar="PATH")
    parser.add_argument("-o", "--output", default="full_run.json", metavar="FILE")
    given = parser.parse_args()
    if not pathlib.Path(given.workbench).is_file():
        sys.exit(f"there is no {given.workbench}: `cargo build --release` makes it, or give --workbench")
    output = pathlib.Path(given.output)
    runs = []
    for turn in range(given.rounds):
        first = turn % len(given.who)
        for who in given.who[first:] + given.who[:first]:
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                result = RUN[who](given, folder)
                seconds = time.perf_counter() - began
            runs.append({**result, "round": turn, "who": who, "wall_seconds": seconds})
            output.write_text(json.dumps({"threads": given.threads, "epochs": given.epochs, "runs": runs}, indent=1) + "\n")
            print(f"round {turn + 1} of {given.rounds}, {who}: {seconds:.1f} s", file=sys.stderr, flush=True)
    print(table(runs, given))
    print(f"\nall figures: {output.resolve()}", file=sys.stderr)


def arguments(given, folder):
    return [
        given.workbench, "--root", str(ROOT), "--runs", folder, "train", "digits-conv", "--name", "one",
        f"train.epochs={given.epochs}", f"device.threads={given.threads}",
    ]  # fmt: skip


def headless(given, folder):
    ended = subprocess.run([*arguments(given, folder), "--headless", "--json"], capture_output=True, text=True)
    check(ended.returncode, ended.stderr)
    end = json.loads(ended.stdout.strip().splitlines()[-1])
    return {"test_loss": end["metrics"]["test/loss"]}


def dashboard(given, folder):
    """On a terminal of its own; when the run has ended, the dashboard is left."""
    import fcntl
    import pty
    import struct
    import termios

    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        command = arguments(given, folder)
        os.execv(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    seen = []
    reader = threading.Thread(target=drain, args=(terminal, seen), daemon=True)
    reader.start()
    status = pathlib.Path(folder) / "one" / "status.json"
    state = "starting"
    while state in ("starting", "running", "paused", "stopping"):
        time.sleep(0.05)
        if os.waitpid(child, os.WNOHANG)[0]:
            break
        try:
            state = json.loads(status.read_text())["state"]
        except (OSError, ValueError):
            pass
    check(state != "finished", b"".join(seen)[-2000:].decode(errors="replace"))
    os.write(terminal, b"q")
    os.waitpid(child, 0)
    return {"bytes_drawn": sum(map(len, seen))}


def drain(terminal, seen):
    try:
        while data := os.read(terminal, 1 << 16):
            seen.append(data)
    except OSError:
        pass  # The other end is closed.


def torch(*more):
    def run(given, folder):
        command = [sys.executable, str(HERE / "torch_digits.py"), "--folder", folder, *more]
        command += ["--images", str(ROOT / "datasets/digits/images-idx3-ubyte.gz")]
        command += ["--epochs", str(given.epochs), "--threads", str(given.threads)]
        ended = subprocess.run(command, capture_output=True, text=True)
        check(ended.returncode, ended.stderr)
        return json.loads(ended.stdout.strip().splitlines()[-1])

    return run


def check(failed, said):
    if failed:
        sys.exit(f"it failed:\n{said}")


RUN = {
    "workbench": headless,
    "dashboard": dashboard,
    "torch": torch(),
    "torch-workers": torch("--workers", "2"),
    "torch-compile": torch("--compile"),
}


def table(runs, given):
    lines = [
        f"digits-conv, {given.epochs} epochs, {given.threads} threads; median (least to most) of {given.rounds} round(s)",
        "",
        "| run | seconds | this ÷ first row | in each round | test loss, nats an image |",
        "|---|---|---|---|---|",
    ]
    of = lambda who: {run["round"]: run for run in runs if run["who"] == who}
    base = of(given.who[0])
    for who in given.who:
        mine = of(who)
        ratios = [run["wall_seconds"] / base[turn]["wall_seconds"] for turn, run in mine.items()]
        losses = [run["test_loss"] for run in mine.values() if "test_loss" in run]
        cells = [
            NAMES[who],
            spread([run["wall_seconds"] for run in mine.values()], "{:.1f}"),
            f"{statistics.median(ratios):.2f}",
            " ".join(f"{ratio:.2f}" for ratio in ratios),
            f"{statistics.median(losses):.1f}" if losses else "",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
