#!/usr/bin/env python3
"""The workbench beside PyTorch and JAX: training steps of the same models, in turn, over several rounds.

  python3 compare.py                       # five rounds of everything; minutes, most of them torch.compile's
  python3 compare.py --models conv28 --peers torch torch-compile --rounds 3

A machine's speed drifts, so that only figures of one round are compared: each round runs everything once, beginning
with another one each time, and a ratio is that of two figures of one round. Every process runs alone: see to it that
the machine has nothing else to do. Prints a table in markdown, and writes all figures to a JSON file after each run.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
MODELS = ["mlp28", "conv28", "conv64", "res64"]
PEERS = {
    "torch": ("PyTorch eager, fused Adam", ["torch_bench.py", "--mode", "eager"]),
    "torch-plain": ("PyTorch eager, its default Adam", ["torch_bench.py", "--mode", "plain-adam"]),
    "torch-channels-last": ("PyTorch eager, channels last", ["torch_bench.py", "--mode", "channels-last"]),
    "torch-compile": ("torch.compile", ["torch_bench.py", "--mode", "compile"]),
    "torch-autotune": ("torch.compile, max-autotune", ["torch_bench.py", "--mode", "max-autotune"]),
    "jax": ("JAX jit, channels last", ["jax_bench.py", "--layout", "nhwc"]),
    "jax-nchw": ("JAX jit, channels first", ["jax_bench.py", "--layout", "nchw"]),
}
OURS = "workbench"
# What is not written for a model is left out of its turns.
WITHOUT = {"res64": ["jax", "jax-nchw"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=["torch", "torch-compile", "jax"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=available())
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--timeout", type=float, default=900, metavar="SECONDS", help="for one run of one of them")
    parser.add_argument("--workbench", default=str(ROOT / "target/release/workbench"), metavar="PATH")
    parser.add_argument("-o", "--output", default="compare.json", metavar="FILE")
    given = parser.parse_args()
    if not pathlib.Path(given.workbench).is_file():
        sys.exit(f"there is no {given.workbench}: `cargo build --release` makes it, or give --workbench")
    output = pathlib.Path(given.output)
    runs = []
    for turn in range(given.rounds):
        for model in given.models:
            engines = engines_of(model, given)
            first = turn % len(engines)
            for engine in engines[first:] + engines[:first]:
                result = run(engine, model, given)
                runs.append({**result, "round": turn, "model": model, "engine": engine})
                output.write_text(json.dumps({"threads": given.threads, "runs": runs}, indent=1) + "\n")
                told = result.get("error") or f"{result['images_per_second']:,.0f} images/s"
                print(f"round {turn + 1} of {given.rounds}, {model}, {engine}: {told}", file=sys.stderr, flush=True)
    print(table(runs, given))
    print(f"\nall figures: {output.resolve()}", file=sys.stderr)
    return 1 if any("error" in run for run in runs) else 0


def engines_of(model, given):
    return [OURS, *(peer for peer in given.peers if peer not in WITHOUT.get(model, []))]


def available():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def run(engine, model, given):
    """One process; what it told, or its error: one that fails is told of, never left out."""
    length = ["--steps", str(given.steps), "--warmup", str(given.warmup)]
    if engine == OURS:
        # The experiments of this repository, wherever this is called.
        command = [given.workbench, "--root", str(ROOT), "bench", f"bench-{model}", "--json"]
        command += [f"device.threads={given.threads}", *length]
    else:
        script, *mode = PEERS[engine][1]
        command = [sys.executable, str(HERE / script), "--model", model, *mode, *length]
        command += ["--threads", str(given.threads)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=given.timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {given.timeout:.0f} s"}
    if ended.returncode != 0:
        return {"error": (ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1][:300]}
    return json.loads(ended.stdout.strip().splitlines()[-1])


def table(runs, given):
    """Markdown: a row an engine and model, with medians over the rounds, spreads, and the ratios of each round."""
    lines = [
        f"{given.threads} threads, {given.rounds} round(s) of {given.steps} steps; median (least to most) of the rounds",
        "",
        "| model | engine | images/s | ours ÷ this | in each round | peak MB | first step, s |",
        "|---|---|---|---|---|---|---|",
    ]
    for model in given.models:
        of = lambda engine: [run for run in runs if (run["model"], run["engine"]) == (model, engine)]
        ours = {run["round"]: run for run in of(OURS) if "error" not in run}
        for engine in engines_of(model, given):
            name = OURS if engine == OURS else PEERS[engine][0]
            good = [run for run in of(engine) if "error" not in run]
            failed = [run["error"] for run in of(engine) if "error" in run]
            if not good:
                lines.append(f"| {model} | {name} | failed: {failed[0] if failed else 'not run'} | | | | |")
                continue
            ratios = [
                ours[run["round"]]["images_per_second"] / run["images_per_second"] for run in good if run["round"] in ours
            ]
            share = [run["fraction_of_peak"] for run in good if run.get("fraction_of_peak")]
            note = f", {100 * statistics.median(share):.0f}% of peak" if share else ""
            note += f", {len(failed)} failed" if failed else ""
            cells = [
                model,
                name + note,
                spread([run["images_per_second"] for run in good], "{:,.0f}"),
                spread(ratios, "{:.2f}") if engine != OURS and ratios else "",
                " ".join(f"{ratio:.2f}" for ratio in ratios) if engine != OURS else "",
                spread([run["peak_rss_mb"] for run in good if run["peak_rss_mb"]], "{:,.0f}"),
                spread([run["first_step_seconds"] for run in good], "{:.2f}"),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def spread(numbers, form):
    if not numbers:
        return ""
    least, most = min(numbers), max(numbers)
    middle = form.format(statistics.median(numbers))
    return middle if len(numbers) == 1 else f"{middle} ({form.format(least)} to {form.format(most)})"


if __name__ == "__main__":
    sys.exit(main())
