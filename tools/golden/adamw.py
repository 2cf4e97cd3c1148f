"""Golden of the optimiser: 20 steps of AdamW with clipping, warmup and cosine.

    .venv/bin/python tools/golden/adamw.py

A small network learns a fixed batch. Everything an optimiser needs to be tested alone is kept:
the gradients it was given at each step, the rate, and the parameters it made of them. Case "all"
decays every parameter, "groups" only matrices. Learning rates are those of transformers'
get_cosine_schedule_with_warmup, which starts at 0.
"""

import torch
from torch import nn
from transformers import get_cosine_schedule_with_warmup

from common import GOLDEN, dump, say, seed

SEED, STEPS, WARMUP = 401, 20, 5
LR, BETAS, EPS, DECAY, CLIP = 3e-2, (0.9, 0.95), 1e-8, 0.1, 0.8


def network():
    model = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3))
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(0.5 * torch.randn(p.shape))
    return model


def groups(model, case):
    if case == "all":
        return [{"params": list(model.parameters()), "weight_decay": DECAY}]
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    return [{"params": matrices, "weight_decay": DECAY}, {"params": vectors, "weight_decay": 0.0}]


def trajectory(case, tensors):
    seed(SEED)
    model = network()
    x, y = torch.randn(16, 5), torch.randn(16, 3)
    adamw = torch.optim.AdamW(groups(model, case), lr=LR, betas=BETAS, eps=EPS)
    schedule = get_cosine_schedule_with_warmup(adamw, WARMUP, STEPS)
    names = dict(model.named_parameters())
    rows = {"lr": [], "loss": [], "norm": []}
    tensors.update({f"{case}.x": x, f"{case}.y": y})
    tensors.update({f"{case}.param.0.{k}": p.detach().clone() for k, p in names.items()})
    for step in range(1, STEPS + 1):
        adamw.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        tensors.update({f"{case}.grad.{step}.{k}": p.grad.clone() for k, p in names.items()})
        norm = nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        for key, value in (("lr", adamw.param_groups[0]["lr"]), ("loss", loss), ("norm", norm)):
            rows[key].append(torch.as_tensor(value).item())
        adamw.step()
        schedule.step()
        tensors.update({f"{case}.param.{step}.{k}": p.detach().clone() for k, p in names.items()})
    clipped = sum(n > CLIP for n in rows["norm"])
    assert 0 < clipped < STEPS, f"{case}: clipped {clipped} of {STEPS} steps: proves one side only"
    tensors.update({f"{case}.{k}": torch.tensor(v) for k, v in rows.items()})


if __name__ == "__main__":
    tensors = {}
    for case in ("all", "groups"):
        trajectory(case, tensors)
    path = GOLDEN / "train" / "adamw.safetensors"
    attrs = {"steps": STEPS, "warmup": WARMUP, "lr": LR, "betas": BETAS, "eps": EPS,
             "weight_decay": DECAY, "clip": CLIP, "loss": "mean((y - model(x))^2)",
             "model": "0: linear 5 -> 8, tanh, 2: linear 8 -> 3"}
    dump(path, tensors, seed=SEED, script="adamw.py", attrs=attrs)
    say(path)
