"""Goldens of the upscalers: RRDBNet under its three spellings and SRVGGNetCompact.

    .venv/bin/python tools/golden/upscaler.py --basicsr DIR --realesrgan DIR --esrgan DIR [NAME ...]

The directories are checkouts of github.com/XPixelGroup/BasicSR, xinntao/Real-ESRGAN and
xinntao/ESRGAN (its history too: the first spelling is that of commit 140595a). Only the files of the
architectures are run; what they import besides is replaced by empty modules.
"""

import argparse
import subprocess
import sys
import types
from pathlib import Path

import torch

from common import GOLDEN, dump, say, seed

CASES = {
    "rrdb-x4": {"seed": 3101, "kind": "new", "scale": 4, "wrap": "params_ema"},
    "rrdb-x2": {"seed": 3102, "kind": "new", "scale": 2, "wrap": "params"},
    "rrdb-x1": {"seed": 3103, "kind": "new", "scale": 1, "wrap": "safetensors"},
    "rrdb-trunk": {"seed": 3104, "kind": "trunk", "scale": 4, "wrap": None},
    "rrdb-old": {"seed": 3105, "kind": "old", "scale": 4, "wrap": None},
    "rrdb-old-x2": {"seed": 3106, "kind": "old", "scale": 2, "wrap": None},
    "srvgg-x4": {"seed": 3107, "kind": "srvgg", "scale": 4, "wrap": "params"},
    "srvgg-x2": {"seed": 3108, "kind": "srvgg", "scale": 2, "wrap": "safetensors"},
}
FEATURES, BLOCKS, GROWTH, CONVS = 8, 2, 4, 3


def module(name, source=None, **values):
    m = types.ModuleType(name)
    m.__dict__.update(values)
    sys.modules[name] = m
    if source:
        exec(compile(source, name, "exec"), m.__dict__)
    return m


def stand_ins():
    """Modules that the authors' files import and that a forward pass never uses: stand-ins of their
    names, so that the files run without basicsr, torchvision or distutils installed."""

    class Registry:
        def register(self):
            return lambda cls: cls

    for name in ("basicsr", "basicsr.archs", "basicsr.ops", "basicsr.utils", "torchvision", "distutils"):
        module(name, __path__=[])
    module("distutils.version", LooseVersion=None)
    module("basicsr.ops.dcn", ModulatedDeformConvPack=object, modulated_deform_conv=None)
    module("basicsr.utils.registry", ARCH_REGISTRY=Registry())
    sys.modules["basicsr.utils"].get_root_logger = None


def sources(args):
    def at(folder, commit, path):
        return subprocess.run(["git", "-C", folder, "show", f"{commit}:{path}"], check=True,
                              capture_output=True, text=True).stdout

    stand_ins()
    archs = "basicsr/archs/"
    module("basicsr.archs.arch_util", at(args.basicsr, "HEAD", archs + "arch_util.py"))
    source = at(args.basicsr, "HEAD", archs + "rrdbnet_arch.py")
    new = module("basicsr.archs.rrdbnet_arch", source.replace("from .arch_util", "from basicsr.archs.arch_util"))
    srvgg = module("srvgg_arch", at(args.realesrgan, "HEAD", "realesrgan/archs/srvgg_arch.py"))
    trunk = module("trunk_arch", at(args.esrgan, "HEAD", "RRDBNet_arch.py"))
    block = module("block", at(args.esrgan, "140595a", "block.py"))
    old = module("architecture", at(args.esrgan, "140595a", "architecture.py"))
    init = block.RRDB.__init__  # the first network fixes the growth at 32: more than a test needs
    block.RRDB.__init__ = lambda self, *a, **k: init(self, *a, **{**k, "gc": GROWTH})
    for name in ("torchvision", "distutils", "distutils.version"):
        del sys.modules[name]  # others ask for the real ones later
    return new, trunk, old, srvgg


def build(case, archs):
    new, trunk, old, srvgg = archs
    if case["kind"] == "new":
        return new.RRDBNet(3, 3, case["scale"], FEATURES, BLOCKS, GROWTH)
    if case["kind"] == "trunk":
        return trunk.RRDBNet(3, 3, FEATURES, BLOCKS, GROWTH)
    if case["kind"] == "old":
        return old.RRDB_Net(3, 3, FEATURES, BLOCKS, upscale=case["scale"])
    return srvgg.SRVGGNetCompact(3, 3, FEATURES, CONVS, case["scale"], "prelu")


@torch.no_grad()
def randomise(model, value):
    generator = torch.Generator().manual_seed(value)
    for name, p in model.named_parameters():
        if p.dim() == 4:
            scale = (2 / p[0].numel()) ** 0.5
        else:
            scale = 0.2
        p.copy_(scale * torch.randn(p.shape, generator=generator))


def hooks(model, taps):
    def keep(name):
        return lambda module, inputs, output: taps.__setitem__(name, output.clone())

    for name, m in model.named_modules():
        parts = name.split(".")
        if name in ("conv_first", "conv_body", "conv_up1", "conv_up2") or \
                (parts[0] == "body" and len(parts) == 2 and not isinstance(m, torch.nn.PReLU)):
            m.register_forward_hook(keep(name))


@torch.no_grad()
def golden(name, case, archs):
    seed(case["seed"])
    model = build(case, archs).eval()
    randomise(model, case["seed"])
    generator = torch.Generator().manual_seed(case["seed"] + 1000)
    x = torch.rand((2, 3, 8, 12), generator=generator)
    taps = {}
    if case["kind"] in ("new", "srvgg"):
        hooks(model, taps)
    y = model(x)
    folder = GOLDEN / "upscale" / name
    folder.mkdir(parents=True, exist_ok=True)
    state = model.state_dict()
    if case["wrap"] == "safetensors":
        path = folder / "model.safetensors"
        dump(path, state, seed=case["seed"], script="upscaler.py")
    else:
        path = folder / "model.pth"
        torch.save({case["wrap"]: state} if case["wrap"] else state, path)
    dump(folder / "golden.safetensors", {"x": x, "y": y, **{f"tap.{k}": v for k, v in taps.items()}},
         seed=case["seed"], script="upscaler.py")
    say(path)
    say(folder / "golden.safetensors")


def main():
    parser = argparse.ArgumentParser()
    for name in ("basicsr", "realesrgan", "esrgan"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    archs = sources(args)
    for name in args.names or CASES:
        golden(name, CASES[name], archs)


if __name__ == "__main__":
    main()
