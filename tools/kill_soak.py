#!/usr/bin/env python3
"""Kills a batch at random moments, resumes it each time, and compares the outcome.

An undisturbed batch is rendered first. Then the same batch is started into an empty folder with an
empty cache, killed with SIGKILL after a random time, started again and so on; whenever it comes to
its end, its files are compared byte by byte with the undisturbed ones, the ledger is asked which
steps were made more than once, and the next round begins with empty folders, until the wished number
of kills has been reached.

    tools/kill_soak.py build/release/cli/diorama pipelines/product-ad.yaml \\
        assets/examples/products.csv --kills 200 --folder /tmp/soak
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import time


def files_of(folder):
    found = {}
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder)
        if path.is_file() and within.parts[0] != ".diorama" and path.name != "batch.jsonl":
            found[str(within)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def start(args, folder):
    command = [args.diorama, "batch", args.pipeline, args.rows, "-o", str(folder / "out"),
               "--cache", str(folder / "cache"), "--jobs", str(args.jobs)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            start_new_session=True)


def made_twice(folder):
    """Steps that finished more than once without being found in the cache."""
    ledger = sqlite3.connect(f"file:{folder}/out/.diorama/ledger.db?mode=ro", uri=True)
    made = collections.Counter(
        key for (key,) in ledger.execute(
            "select key from task where state = 'done' and cached = 0"))
    return len(made), sum(n - 1 for n in made.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("diorama")
    parser.add_argument("pipeline")
    parser.add_argument("rows")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--longest", type=float, default=0,
                        help="seconds until a kill at most; 0: a tenth of an undisturbed batch")
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    chance = random.Random(args.seed)

    shutil.rmtree(args.folder, ignore_errors=True)
    whole = args.folder / "whole"
    began = time.monotonic()
    process = start(args, whole)
    said = process.communicate()[1]
    seconds = time.monotonic() - began
    if process.returncode not in (0, 42):
        raise SystemExit(f"the undisturbed batch ended with {process.returncode}:\n{said}")
    expected = files_of(whole / "out")
    print(f"undisturbed: {len(expected)} files in {seconds:.1f} s", flush=True)
    longest = args.longest or seconds / 10

    kills = rounds = wrong = 0
    while kills < args.kills or rounds == 0:
        folder = args.folder / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        killed = 0
        while True:
            process = start(args, folder)
            try:
                said = process.communicate(timeout=chance.uniform(0, longest))[1]
            except subprocess.TimeoutExpired:
                if kills + killed < args.kills:
                    # The command alone, or the workers with it.
                    kill = os.killpg if chance.random() < 0.5 else os.kill
                    kill(process.pid, signal.SIGKILL)
                    process.wait()
                    killed += 1
                    continue
                said = process.communicate()[1]
            break
        kills += killed
        rounds += 1
        found = files_of(folder / "out")
        steps, twice = made_twice(folder)
        same = found == expected
        wrong += not same or twice > 0
        print(f"round {rounds}: {killed} kills ({kills} in all), {len(found)} files, "
              f"{'the same bytes' if same else 'OTHER BYTES'}, {steps} steps made, "
              f"{twice} of them twice", flush=True)
        if not same:
            for name in sorted(set(found) | set(expected)):
                if found.get(name) != expected.get(name):
                    print(f"  {name}: {found.get(name)} for {expected.get(name)}")
            print(said)
    stray = [str(p) for p in (args.folder / "killed").rglob("*.part")]
    print(json.dumps({"kills": kills, "rounds": rounds, "wrong": wrong, "stray_parts": stray}))
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
