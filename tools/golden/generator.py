"""Goldens of the generators: StyleGAN2 by its authors' code, DCGAN and the conditional one by torch.

    .venv/bin/python tools/golden/generator.py --stylegan2 DIR [NAME ...]

DIR is a checkout of github.com/NVlabs/stylegan2-ada-pytorch; on a CPU its operators take their
reference path. DCGAN is the torch.nn.Sequential of pytorch/examples. The conditional generator is
ours: this is its second implementation, from the description in vision/models/conditional.c.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from common import GOLDEN, ROOT, dump, say, seed, write_json

sys.path.insert(0, str(ROOT / "tools"))
import convert_stylegan2  # noqa: E402

FOLDER = GOLDEN / "generator"
SEEDS = [85, 265]

STYLES = {
    "stylegan2": {"seed": 3201, "c_dim": 0, "res": 64, "architecture": "skip", "clamp": None},
    "stylegan2-label": {"seed": 3202, "c_dim": 3, "res": 16, "architecture": "resnet", "clamp": 1.0},
    "stylegan2-orig": {"seed": 3203, "c_dim": 0, "res": 8, "architecture": "orig", "clamp": 256},
}


def numbers(shape, generator):
    return torch.randn(shape, generator=generator)


def finish(name, tensors, value):
    path = FOLDER / name / "golden.safetensors"
    dump(path, tensors, seed=value, script="generator.py")
    say(path)


# --- StyleGAN2 -----------------------------------------------------------------------------------


@torch.no_grad()
def randomise_style(g, value):
    generator = torch.Generator().manual_seed(value)
    for name, t in list(g.named_parameters()) + list(g.named_buffers()):
        if name.endswith("noise_strength"):
            t.copy_(0.3 * numbers(t.shape, generator))
        elif name.endswith("w_avg") or (name.endswith("bias") and "affine" not in name):
            t.copy_(0.3 * numbers(t.shape, generator) * (100 if "mapping.fc" in name else 1))


def style_hooks(g, taps):
    for name, m in g.named_modules():
        if name.endswith(".torgb") or name.endswith(".conv1"):
            m.register_forward_hook(lambda _, __, y, name=name: taps.__setitem__(name, y.clone()))


@torch.no_grad()
def stylegan2(name, case):
    from training import networks

    seed(case["seed"])
    g = networks.Generator(
        16, case["c_dim"], 16, case["res"], 3, mapping_kwargs={"num_layers": 2},
        synthesis_kwargs={"channel_base": 256, "channel_max": 16, "architecture": case["architecture"],
                          "conv_clamp": case["clamp"]}).eval()
    randomise_style(g, case["seed"])
    convert_stylegan2.write(FOLDER / name, g)
    z = torch.from_numpy(np.concatenate([np.random.RandomState(s).randn(1, g.z_dim) for s in SEEDS]))
    label = torch.eye(g.c_dim)[: len(SEEDS)] if g.c_dim else torch.zeros([len(SEEDS), 0])
    out = {"z": z.float()}
    if g.c_dim:
        out["label"] = label
    taps = {}
    style_hooks(g, taps)
    out["y"] = g(z, label, noise_mode="const")
    out.update({f"tap.{k}": v for k, v in taps.items() if not k.split(".")[1] in ("b32", "b64")})
    if case["architecture"] == "orig":
        # torgb's own result is the picture there.
        out = {k: v for k, v in out.items() if "torgb" not in k}
    out["y.none"] = g(z, label, noise_mode="none")[:1]
    out["y.psi"] = g(z, label, truncation_psi=0.7, noise_mode="const")[:1]
    out["y.cutoff"] = g(z, label, truncation_psi=0.5, truncation_cutoff=2, noise_mode="const")[:1]
    img = g(z[:1], label[:1], truncation_psi=0.7, noise_mode="const")
    img = (img.permute(0, 2, 3, 1) * 127.5 + 128).clamp(0, 255).to(torch.uint8)
    out["picture"] = img[0]  # of the first seed and label, as generate.py saves it
    finish(name, out, case["seed"])


# --- DCGAN -----------------------------------------------------------------------------------------


def dcgan(name):
    value, z_dim, widths = 3211, 12, [16, 8]
    seed(value)
    layers, before = [], z_dim
    for i, w in enumerate(widths):
        stride, pad = (1, 0) if i == 0 else (2, 1)
        layers += [nn.ConvTranspose2d(before, w, 4, stride, pad, bias=False), nn.BatchNorm2d(w), nn.ReLU(True)]
        before = w
    layers += [nn.ConvTranspose2d(before, 3, 4, 2, 1, bias=False), nn.Tanh()]
    model = nn.Module()
    model.main = nn.Sequential(*layers)
    generator = torch.Generator().manual_seed(value)
    with torch.no_grad():
        for key, t in model.state_dict().items():
            if key.endswith("running_var"):
                t.copy_(0.5 + torch.rand(t.shape, generator=generator))
            elif t.is_floating_point():
                t.copy_(0.3 * numbers(t.shape, generator))
    (FOLDER / name).mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), FOLDER / name / "netG.pth")
    with torch.no_grad():
        torch.manual_seed(SEEDS[0])
        z = torch.cat([torch.randn(1, z_dim), numbers((3, z_dim), generator)])
        out = {"z": z, "y": model.main.eval()(z[:, :, None, None])}
        out["y.training"] = model.main.train()(z[:, :, None, None])
        out.update({f"running.{k}": v.clone() for k, v in model.state_dict().items() if "running" in k})
    finish(name, out, value)


# --- the conditional one ---------------------------------------------------------------------------


class Film(nn.Module):
    def __init__(self, embed, width, groups):
        super().__init__()
        self.linear = nn.Linear(embed, 2 * width)
        self.groups = groups

    def forward(self, x, e):
        scale, shift = self.linear(e)[:, :, None, None].chunk(2, dim=1)
        if self.groups:
            x = nn.functional.group_norm(x, self.groups)
        return x * (1 + scale) + shift


class Block(nn.Module):
    def __init__(self, before, width, embed, groups):
        super().__init__()
        self.film1, self.film2 = Film(embed, before, groups), Film(embed, width, groups)
        self.conv1 = nn.Conv2d(before, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.skip = nn.Conv2d(before, width, 1, bias=False) if before != width else nn.Identity()

    def forward(self, x, e):
        h = self.conv1(bend(self.film1(x, e)))
        return self.skip(x) + self.conv2(bend(self.film2(h, e)))


def bend(x):
    return nn.functional.leaky_relu(x, 0.2)


class Conditional(nn.Module):
    def __init__(self, z, label, embed, layers, widths, groups, channels, first, shuffle=1, palette=0,
                 templates=0):
        super().__init__()
        self.shuffle, self.palette = shuffle, palette
        label -= 3 * palette
        self.mapping = nn.ModuleList([nn.Linear(embed if i else z + label, embed) for i in range(layers)])
        self.input = nn.Linear(embed, widths[0] * first * first)
        side = first << (len(widths) - 1)
        self.templates = nn.Linear(label, templates * side * side, bias=False) if templates else None
        before = [widths[max(i - 1, 0)] for i in range(len(widths))]
        before[-1] += templates
        self.blocks = nn.ModuleList([Block(b, w, embed, groups) for b, w in zip(before, widths)])
        maps = (channels + palette) * shuffle ** 2
        self.film, self.conv = Film(embed, widths[-1], groups), nn.Conv2d(widths[-1], maps, 3, padding=1)
        self.first = first

    def forward(self, z, label):
        n = self.palette
        seen, colours = label[:, :label.shape[1] - 3 * n], label[:, label.shape[1] - 3 * n:]
        e = torch.cat([z, seen], 1)
        for layer in self.mapping:
            e = bend(layer(e))
        x = self.input(e).reshape(len(z), -1, self.first, self.first)
        for i, block in enumerate(self.blocks):
            x = nn.functional.interpolate(x, scale_factor=2) if i else x
            if self.templates and block is self.blocks[-1]:
                x = torch.cat([x, self.templates(seen).reshape(len(x), -1, *x.shape[2:])], 1)
            x = block(x, e)
        x = nn.functional.pixel_shuffle(self.conv(bend(self.film(x, e))), self.shuffle)
        if not n:
            return torch.tanh(x)
        rgb = torch.einsum("bkc,bkhw->bchw", 4 * colours.reshape(-1, n, 3) - 2.4, x[:, :n]) + x[:, n:n + 3]
        return torch.cat([2 * rgb - 1, 2 * torch.sigmoid(x[:, n + 3:]) - 1], 1)


def conditional(name):
    value, more = 3221, {"shuffle": 2, "palette": 2, "templates": 8} if name.endswith("palette") else {}
    labels, widths = (8, [16, 8]) if more else (3, [16, 16, 8])
    config = {"model_type": "conditional-generator", "z_dim": 8, "label_dim": labels, "channels": 4, "first": 4,
              "embed_dim": 16, "layers": 2, "groups": 4, "widths": widths, **more}
    seed(value)
    model = Conditional(8, labels, 16, 2, widths, 4, 4, 4, **more)
    generator = torch.Generator().manual_seed(value)
    state = {}
    with torch.no_grad():
        for key, p in model.named_parameters():
            p.copy_((0.3 if p.dim() > 1 else 0.2) * numbers(p.shape, generator))
            key = key.replace(".linear.", ".")
            state["out." + key if key.split(".")[0] in ("film", "conv") else key] = p.detach()
    write_json(FOLDER / name / "config.json", config)
    dump(FOLDER / name / "model.safetensors", state, seed=value, script="generator.py")
    z, label = numbers((3, 8), generator), torch.eye(3)
    if more:
        label = torch.cat([label[:, :2], torch.rand((3, 6), generator=generator)], 1)
    out = {"z": z, "label": label}
    y = model(z, label)
    r = numbers(y.shape, generator)
    (y * r).sum().backward()
    grads = {f"grad.{k}": p.grad for k, p in zip(state, model.parameters())}
    finish(name, {**out, "y": y.detach(), "r": r, **grads}, value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--stylegan2", type=Path, required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    sys.path.insert(0, str(args.stylegan2))
    for name in args.names or [*STYLES, "dcgan", "conditional", "conditional-palette"]:
        if name in STYLES:
            stylegan2(name, STYLES[name])
        else:
            {"dcgan": dcgan}.get(name, conditional)(name)


if __name__ == "__main__":
    main()
