"""What the scripts here share: figures taken in turns, and how their ratio is told.

A round measures one after the other: diorama through `diorama bench NAME --json`, the peer in this
process, each as its best of about two seconds. The ratio is taken within a round, so that a
machine that slows down or speeds up over minutes does it to both.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 2.0


def best(step, seconds=SECONDS, least=3):
    """Shortest time of one call, over `seconds` and at least three calls. A step of which only a
    part counts returns that part's time."""
    shortest, start, calls = float("inf"), time.perf_counter(), 0
    while calls < least or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        part = step()
        shortest = min(shortest, time.perf_counter() - before if part is None else part)
        calls += 1
    return shortest


def diorama(binary, name, threads):
    command = [binary, "bench", name, "--json", "--threads", str(threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    for line in done.stdout.splitlines():
        result = json.loads(line)
        if result["bench"] == name:
            return result["value"]
    sys.exit(f"{' '.join(command)} said nothing about {name}")


def compare(name, work, options):
    """Figures by side, one entry a round."""
    peers = work[name]()
    for measure in peers.values():
        measure()  # warm: memory is touched, kernels are chosen
    sides = {"diorama": lambda: diorama(options.diorama, name, options.threads), **peers}
    rounds = {side: [] for side in sides}
    for turn in range(options.rounds):
        order = list(sides) if turn % 2 == 0 else list(sides)[::-1]
        for side in order:
            rounds[side].append(sides[side]())
    return rounds


def report(name, rounds, unit, options):
    """One line for each peer: the ratio, its spread, both figures. Seconds are better when fewer, and
    so are seconds for a second of sound."""
    fewer, digits = unit in ("s", "s/s"), {"s": 2, "s/s": 4}.get(unit, 1)
    for peer in list(rounds)[1:]:
        pairs = list(zip(rounds["diorama"], rounds[peer]))
        ratios = [b / a if fewer else a / b for a, b in pairs]
        ratio, low, high = statistics.median(ratios), min(ratios), max(ratios)
        ours, theirs = statistics.median(rounds["diorama"]), statistics.median(rounds[peer])
        if options.json:
            digits = 3 if unit == "s" else digits
            line = {"bench": name, "peer": peer, "ratio": round(ratio, 3), "low": round(low, 3),
                    "high": round(high, 3), "diorama": round(ours, digits),
                    "other": round(theirs, digits), "unit": unit, "threads": options.threads,
                    "rounds": options.rounds}
            print(json.dumps(line), flush=True)
        else:
            print(f"{name:27} / {peer:18} {ratio:5.2f}x  ({low:.2f} .. {high:.2f})   "
                  f"{ours:.{digits}f} / {theirs:.{digits}f} {unit}", flush=True)


def main(doc, work, unit, versions):
    """`work`: for each name of a figure, what makes the peers' measuring functions by their name."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(work)}; none: all")
    parser.add_argument("--diorama", default=str(ROOT / "build/release/cli/diorama"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one object a line")
    options = parser.parse_args()
    for name in options.names:
        if name not in work:
            parser.error(f'there is no "{name}"; there are {", ".join(work)}')
    if not Path(options.diorama).is_file():
        parser.error(f"{options.diorama} is not there: build it with ./dev build, or name another")
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, {versions}, "
          f"{options.threads} threads, {platform.processor() or platform.machine()}, "
          f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    for name in options.names or work:
        report(name, compare(name, work, options), unit, options)
