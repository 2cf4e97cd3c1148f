"""Golden of adversarial training: a few steps of a tiny GAN on 8x8 pictures, step for step.

    .venv/bin/python tools/golden/adversarial.py

Three cases: the non-saturating loss with a lazy R1, the hinge loss with two updates of the
discriminator a step, and the relativistic loss with R1 and R2 in every update and a distance from
the very sample. Kept: the weights at the start, every batch, the figures of every step, and both
networks and the generator's average at the end. Adam's are torch.optim.Adam's.
"""

import torch
import torch.nn.functional as F
from torch import nn

from common import GOLDEN, dump, say, seed

SEED, STEPS, BATCH, EMA = 907, 8, 4, 0.9
CASES = {
    "nonsaturating": dict(r1=2.0, r2=0.0, every=3, critic=1, match=0.0, clip=0.0,
                          g=(3e-3, (0.0, 0.99)), d=(4e-3, (0.0, 0.99))),
    "hinge": dict(r1=0.0, r2=0.0, every=1, critic=2, match=0.0, clip=0.5,
                  g=(2e-3, (0.5, 0.9)), d=(3e-3, (0.0, 0.9))),
    "relativistic": dict(r1=1.0, r2=0.5, every=1, critic=1, match=3.0, clip=0.0,
                         g=(2e-3, (0.0, 0.99)), d=(2e-3, (0.0, 0.99))),
}


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.conv = nn.Linear(5, 6 * 16), nn.Conv2d(6, 3, 3, padding=1)

    def forward(self, z):
        h = F.leaky_relu(self.fc(z), 0.2).reshape(-1, 6, 4, 4)
        return torch.tanh(self.conv(F.interpolate(h, scale_factor=2)))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv0 = nn.Conv2d(3, 5, 3, stride=2, padding=1)
        self.conv1 = nn.Conv2d(5, 7, 3, stride=1, padding=1)
        self.fc = nn.Linear(7 * 16, 1)

    def forward(self, x):
        h = F.leaky_relu(self.conv1(F.leaky_relu(self.conv0(x), 0.2)), 0.2)
        return self.fc(h.flatten(1))[:, 0]


def loss_d(kind, r, f):
    if kind == "hinge":
        return F.relu(1 - r).mean() + F.relu(1 + f).mean()
    if kind == "relativistic":
        return F.softplus(f - r).mean()
    return F.softplus(-r).mean() + F.softplus(f).mean()


def loss_g(kind, r, f):
    if kind == "hinge":
        return -f.mean()
    if kind == "relativistic":
        return F.softplus(r - f).mean()
    return F.softplus(-f).mean()


def penalty(score, x):
    grad, = torch.autograd.grad(score.sum(), x, create_graph=True)
    return grad.square().sum() / len(x)


def trajectory(kind, case, tensors):
    seed(SEED)
    g, d = Generator(), Discriminator()
    average = {k: p.detach().clone() for k, p in g.named_parameters()}
    opt = {m: torch.optim.Adam(m.parameters(), lr=case[n][0], betas=case[n][1])
           for m, n in ((g, "g"), (d, "d"))}
    rows = {k: [] for k in ("loss", "discriminator", "penalty", "real", "fake", "norm")}

    def keep(name, value):
        tensors[f"{kind}.{name}"] = value.detach().clone()

    for who, m in (("g", g), ("d", d)):
        for k, p in m.named_parameters():
            keep(f"start.{who}.{k}", p)
    update = 0
    for step in range(STEPS):
        figures = {k: 0.0 for k in rows}
        for _ in range(case["critic"]):
            real, z = torch.rand(BATCH, 3, 8, 8) * 2 - 1, torch.randn(BATCH, 5)
            keep(f"d.{update}.real", real), keep(f"d.{update}.z", z)
            real.requires_grad_(True)
            fake = g(z).detach().requires_grad_(True)
            r, f = d(real), d(fake)
            loss = loss_d(kind, r, f)
            extra = torch.zeros(())
            if update % case["every"] == 0:
                extra = case["every"] / 2 * (case["r1"] * penalty(r, real) + case["r2"] * penalty(f, fake))
                figures["penalty"] = extra.item()
            opt[d].zero_grad()
            (loss + extra).backward()
            if case["clip"]:
                nn.utils.clip_grad_norm_(d.parameters(), case["clip"])
            opt[d].step()
            figures["discriminator"] += loss.item() / case["critic"]
            figures["real"] += r.mean().item() / case["critic"]
            figures["fake"] += f.mean().item() / case["critic"]
            update += 1
        if not figures["penalty"] and rows["penalty"]:
            figures["penalty"] = rows["penalty"][-1]  # the latest is what is reported
        real, z = torch.rand(BATCH, 3, 8, 8) * 2 - 1, torch.randn(BATCH, 5)
        keep(f"g.{step}.real", real), keep(f"g.{step}.z", z)
        fake = g(z)
        loss = loss_g(kind, d(real) if kind == "relativistic" else None, d(fake))
        figures["loss"] = loss.item()
        loss = loss + case["match"] * F.l1_loss(fake, real)
        opt[g].zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(g.parameters(), case["clip"] or 1e9)
        figures["norm"] = norm.item()
        opt[g].step()
        for k, p in g.named_parameters():
            average[k].lerp_(p.detach(), 1 - EMA)
        for k, v in figures.items():
            rows[k].append(v)
    for k, v in rows.items():
        keep(k, torch.tensor(v))
    for k, p in d.named_parameters():
        keep(f"end.d.{k}", p)
    for k, p in average.items():
        keep(f"end.g.{k}", p)


if __name__ == "__main__":
    tensors = {}
    for kind, case in CASES.items():
        trajectory(kind, case, tensors)
    path = GOLDEN / "train" / "adversarial.safetensors"
    dump(path, tensors, seed=SEED, script="adversarial.py",
         attrs={"steps": STEPS, "batch": BATCH, "ema": EMA, "cases": CASES})
    say(path)
