"""Text: diorama beside PyTorch and transformers, in turns, on the same work.

A round measures one after the other: diorama through `diorama bench NAME --json`, the peer in this
process, each as its best of about two seconds. The ratio is taken within a round, so that a
machine that slows down or speeds up over minutes does it to both.

The peer is eager PyTorch with its fastest settings here: scaled-dot-product attention, inference
mode, a cache that grows, logits of the last position only, fused AdamW.

Like is compared with like, by the arithmetic of products:
  - diorama's default, f32 multiply-adds, with PyTorch in f32;
  - diorama's fast mode (DIORAMA_MATH=fast), bf16 factors and f32 sums, with PyTorch in bf16.
diorama's weights are stored in bf16 in both, as they are published: half the bytes to read is part
of what it offers beside PyTorch in f32. Training has no fast mode, since its weights are f32; it is
shown beside PyTorch in f32 and beside bf16 autocast over f32 weights.
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
import transformers
import yaml

ROOT = Path(__file__).resolve().parents[2]
PREFIX, COUNT, PROMPT = 32, 96, 512  # as bench/bench_gpt2.c has them
SECONDS = 2.0


def best(step, seconds=SECONDS, least=3):
    """Shortest time of one call, over `seconds` and at least three calls."""
    shortest, start, calls = float("inf"), time.perf_counter(), 0
    while calls < least or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        step()
        shortest = min(shortest, time.perf_counter() - before)
        calls += 1
    return shortest


# --- the peer's side: each makes a function that measures once and returns tokens a second -------


def gpt2(dtype):
    torch.manual_seed(0)
    config = transformers.GPT2Config(attn_implementation="sdpa")
    return transformers.GPT2LMHeadModel(config).to(dtype).eval()


def decode(dtype):
    model = gpt2(dtype)
    prompt = torch.arange(PREFIX)[None] * 7919 % 50257

    @torch.inference_mode()
    def answer():
        # The prompt is read before the clock starts, as in diorama's figure.
        cache = model(prompt, use_cache=True, logits_to_keep=1).past_key_values
        token = torch.zeros(1, 1, dtype=torch.long)
        before = time.perf_counter()
        for _ in range(COUNT):
            out = model(token, past_key_values=cache, use_cache=True)
            token = out.logits[:, -1].argmax(-1, keepdim=True)
        return time.perf_counter() - before

    def measure():
        answers, start = [], time.perf_counter()
        while len(answers) < 3 or time.perf_counter() - start < SECONDS:
            answers.append(answer())
        return COUNT / min(answers)

    return measure


def prefill(dtype):
    model = gpt2(dtype)
    prompt = torch.arange(PROMPT)[None] * 7919 % 50257

    @torch.inference_mode()
    def read():
        model(prompt, use_cache=True, logits_to_keep=1)

    return lambda: PROMPT / best(read)


def train(dtype):
    recipe = yaml.safe_load((ROOT / "assets/recipes/copywriter.yaml").read_text())
    shape = {k: v for k, v in recipe["model"].items() if k not in ("architectures", "torch_dtype")}
    vocab, batch, length = recipe["tokenizer"]["vocab_size"], recipe["batch"], recipe["sequence"]
    torch.manual_seed(0)
    config = transformers.LlamaConfig(vocab_size=vocab, attn_implementation="sdpa", **shape)
    model = transformers.LlamaForCausalLM(config).float().train()
    weights = list(model.parameters())
    averages = [w.detach().clone() for w in weights]
    optimizer = torch.optim.AdamW(weights, lr=1e-4, betas=(0.9, 0.95), weight_decay=0.05, fused=True)

    def step():
        ids, targets = torch.randint(vocab, (2, batch, length))
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            logits = model(ids, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 0.003)

    return lambda: batch * length / best(step, least=4)


# What is measured, as diorama names it: the peer's side, and the types that it runs in.
WORK = {
    "text.decode.gpt2-124m": (decode, ["f32"]),
    "text.decode.gpt2-124m.fast": (decode, ["bf16"]),
    "text.prefill.gpt2-124m": (prefill, ["f32"]),
    "text.prefill.gpt2-124m.fast": (prefill, ["bf16"]),
    "text.train.copywriter": (train, ["f32", "bf16"]),
}
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}

# --- diorama's side --------------------------------------------------------------------------------


def diorama(binary, name, threads):
    command = [binary, "bench", name, "--json", "--threads", str(threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    for line in done.stdout.splitlines():
        result = json.loads(line)
        if result["bench"] == name:
            return result["value"]
    sys.exit(f"{' '.join(command)} said nothing about {name}")


# --- the run -----------------------------------------------------------------------------------------


def compare(name, options):
    """Figures by side, one entry a round."""
    make, dtypes = WORK[name]
    peers = {f"torch {d}": make(DTYPES[d]) for d in dtypes}
    for measure in peers.values():
        measure()  # warm: memory is touched, kernels are chosen
    sides = {"diorama": lambda: diorama(options.diorama, name, options.threads), **peers}
    rounds = {side: [] for side in sides}
    for turn in range(options.rounds):
        order = list(sides) if turn % 2 == 0 else list(sides)[::-1]
        for side in order:
            rounds[side].append(sides[side]())
    return rounds


def report(name, rounds, options):
    """One line for each peer: the ratio, its spread, both figures."""
    for peer in list(rounds)[1:]:
        ratios = [a / b for a, b in zip(rounds["diorama"], rounds[peer])]
        ratio, low, high = statistics.median(ratios), min(ratios), max(ratios)
        ours, theirs = statistics.median(rounds["diorama"]), statistics.median(rounds[peer])
        if options.json:
            line = {"bench": name, "peer": peer, "ratio": round(ratio, 3), "low": round(low, 3),
                    "high": round(high, 3), "diorama": round(ours, 1), "other": round(theirs, 1),
                    "unit": "tok/s", "threads": options.threads, "rounds": options.rounds}
            print(json.dumps(line), flush=True)
        else:
            print(f"{name:27} / {peer:10} {ratio:5.2f}x  ({low:.2f} .. {high:.2f})   "
                  f"{ours:.1f} / {theirs:.1f} tok/s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(WORK)}; none: all")
    parser.add_argument("--diorama", default=str(ROOT / "build/release/cli/diorama"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one object a line")
    options = parser.parse_args()
    for name in options.names:
        if name not in WORK:
            parser.error(f'there is no "{name}"; there are {", ".join(WORK)}')
    if not Path(options.diorama).is_file():
        parser.error(f"{options.diorama} is not there: build it with ./dev build, or name another")
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, "
          f"{options.threads} threads, {platform.processor() or platform.machine()}, "
          f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    for name in options.names or WORK:
        report(name, compare(name, options), options)


if __name__ == "__main__":
    main()
