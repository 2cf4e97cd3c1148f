"""Text: diorama beside PyTorch and transformers, in turns, on the same work.

The peer is eager PyTorch with its fastest settings here: scaled-dot-product attention, inference
mode, a cache that grows, logits of the last position only, fused AdamW.

Like is compared with like, by the arithmetic of products:
  - diorama's default, f32 multiply-adds, with PyTorch in f32;
  - diorama's fast mode (DIORAMA_MATH=fast), bf16 factors and f32 sums, with PyTorch in bf16.
diorama's weights are stored in bf16 in both, as they are published: half the bytes to read is part
of what it offers beside PyTorch in f32. Training has no fast mode, since its weights are f32; it is
shown beside PyTorch in f32 and beside bf16 autocast over f32 weights.
"""

import time

import torch
import transformers
import yaml

from turns import ROOT, best, main

PREFIX, COUNT, PROMPT = 32, 96, 512  # as bench/bench_gpt2.c has them

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

    return lambda: COUNT / best(answer)


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


DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def peers(make, *dtypes):
    return lambda: {f"torch {d}": make(DTYPES[d]) for d in dtypes}


# What is measured, as diorama names it: the peer's side, in the types that it runs in.
WORK = {
    "text.decode.gpt2-124m": peers(decode, "f32"),
    "text.decode.gpt2-124m.fast": peers(decode, "bf16"),
    "text.prefill.gpt2-124m": peers(prefill, "f32"),
    "text.prefill.gpt2-124m.fast": peers(prefill, "bf16"),
    "text.train.copywriter": peers(train, "f32", "bf16"),
}

if __name__ == "__main__":
    main(__doc__, WORK, "tok/s", f"transformers {transformers.__version__}")
