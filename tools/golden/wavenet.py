"""Goldens of the WaveNet vocoder: its authors' network, taught and generating.

    .venv/bin/python tools/golden/wavenet.py --wavenet DIR [NAME ...]

DIR is a checkout of github.com/r9y9/wavenet_vocoder, of which only the network's files are run. Models
are tiny and random, each in another spelling of weight norm. NAME.safetensors holds the mel, a wave and
what the network says of every sample of it (teacher forcing), the uniform numbers that stand in for
torch's draws, and the samples that incremental_forward makes of them, before (`drawn`) and after (`y`)
what the authors' synthesis does to them.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import torch

from common import GOLDEN, dump, say, seed, write_json

OUT = GOLDEN / "vocoder"
SMALL = {"sample_rate": 8000, "num_mels": 6, "cin_channels": 6, "layers": 6, "stacks": 2, "residual_channels": 8,
         "gate_channels": 12, "skip_out_channels": 10, "kernel_size": 3, "gin_channels": -1, "hop_size": 8,
         "upsample_conditional_features": True, "postprocess": "", "global_gain_scale": 1.0,
         "output_distribution": "Logistic", "dropout": 0.0}
CASES = {
    "wavenet-mol": {"seed": 7101, "input_type": "raw", "quantize_channels": 65536, "out_channels": 9, "cin_pad": 2,
                    "upsample_net": "ConvInUpsampleNetwork", "upsample_params": {"upsample_scales": [4, 2]},
                    "postprocess": "inv_preemphasis", "global_gain_scale": 0.55},
    "wavenet-mulaw": {"seed": 7102, "input_type": "mulaw-quantize", "quantize_channels": 32, "out_channels": 32,
                      "cin_pad": 0, "kernel_size": 2, "upsample_net": "ConvInUpsampleNetwork",
                      "upsample_params": {"upsample_scales": [2, 4]}},
    "wavenet-freq": {"seed": 7103, "input_type": "mulaw", "quantize_channels": 256, "out_channels": 6, "cin_pad": 1,
                     "upsample_net": "UpsampleNetwork",
                     "upsample_params": {"upsample_scales": [8], "freq_axis_kernel_size": 3}},
}
FRAMES = 11


def authors(folder):
    root = Path(tempfile.mkdtemp()) / "wavenet_vocoder"
    root.mkdir()
    (root / "__init__.py").write_text("")
    for name in ("wavenet", "modules", "mixture", "conv", "upsample"):
        path = f"wavenet_vocoder/{name}.py"
        (root / f"{name}.py").write_text(subprocess.run(["git", "-C", folder, "show", f"HEAD:{path}"], check=True,
                                                        capture_output=True, text=True).stdout)
    sys.path.insert(0, str(root.parent))
    from wavenet_vocoder.wavenet import WaveNet

    return WaveNet


def build(WaveNet, c):
    params = {**c["upsample_params"], "cin_channels": c["cin_channels"], "cin_pad": c["cin_pad"]}
    return WaveNet(out_channels=c["out_channels"], layers=c["layers"], stacks=c["stacks"],
                   residual_channels=c["residual_channels"], gate_channels=c["gate_channels"],
                   skip_out_channels=c["skip_out_channels"], kernel_size=c["kernel_size"], dropout=0,
                   cin_channels=c["cin_channels"], gin_channels=-1, upsample_conditional_features=True,
                   upsample_net=c["upsample_net"], upsample_params=params,
                   scalar_input=c["input_type"] != "mulaw-quantize", cin_pad=c["cin_pad"],
                   output_distribution="Logistic").eval()


@torch.no_grad()
def randomise(model, value, mixtures):
    generator = torch.Generator().manual_seed(value)
    for name, p in model.named_parameters():
        if name.endswith("weight_g"):
            p.copy_(0.7 + 0.6 * torch.rand(p.shape, generator=generator))
        elif p.dim() >= 2:
            p.copy_(torch.randn(p.shape, generator=generator) / p[0].numel() ** 0.5)
        else:
            p.copy_(0.2 * torch.randn(p.shape, generator=generator))
    if mixtures:  # so that few samples leave -1..1
        last = model.last_conv_layers[3]
        last.weight_g.mul_(0.5)
        last.bias[2 * mixtures:] -= 3


def spelled(model, how):
    if how == "plain":
        model.make_generation_fast_()
    state = model.state_dict()
    if how == "original":
        pairs = {".weight_g": ".parametrizations.weight.original0", ".weight_v": ".parametrizations.weight.original1"}
        for old, new in pairs.items():
            state = {(n.removesuffix(old) + new if n.endswith(old) else n): t for n, t in state.items()}
    return state


def draws_of(uniforms, count):
    """torch's uniform_ and OneHotCategorical.sample, of the numbers given: in the authors' order, one
    for each component of the mixture and one for the sample; a class is where its number falls among
    the cumulated probabilities, as numpy's choice has it."""
    at = iter(uniforms.flatten().tolist())

    def uniform(self, low=0, high=1):
        return self.copy_(torch.tensor([next(at) for _ in range(self.numel())]).reshape(self.shape))

    def sample(self):
        total = torch.cumsum(self.probs.double(), -1)
        index = torch.searchsorted(total, torch.full((1, 1), next(at)).double(), right=True)
        return torch.nn.functional.one_hot(index[:, 0].clamp(max=count - 1), count).float()

    return uniform, sample


def finished(c, drawn):
    mu = c["quantize_channels"] - 1
    y = drawn.double().numpy()
    if c["input_type"] == "mulaw-quantize":
        y = 2 * y / mu - 1
    if c["input_type"] != "raw":
        y = numpy.sign(y) / mu * ((1 + mu) ** numpy.abs(y) - 1)
    if c["postprocess"]:
        out, last = numpy.zeros_like(y), 0
        for i, x in enumerate(y):
            out[i] = last = x + 0.85 * last
        y = out
    return torch.tensor(y / c["global_gain_scale"]).float()


@torch.no_grad()
def golden(name, case, WaveNet):
    c = {**SMALL, **{k: v for k, v in case.items() if k != "seed"}}
    seed(case["seed"])
    model = build(WaveNet, c)
    randomise(model, case["seed"], 0 if c["input_type"] == "mulaw-quantize" else c["out_channels"] // 3)
    generator = torch.Generator().manual_seed(case["seed"] + 1000)
    mel = torch.randn((1, c["cin_channels"], FRAMES), generator=generator)
    padded = torch.nn.functional.pad(mel, (c["cin_pad"], c["cin_pad"]), mode="replicate")
    count = FRAMES * c["hop_size"]
    one_hot = c["input_type"] == "mulaw-quantize"
    classes = c["out_channels"]
    if one_hot:
        wave = torch.nn.functional.one_hot(torch.randint(0, classes, (1, count), generator=generator), classes)
        wave = wave.transpose(1, 2).float()
        start = torch.nn.functional.one_hot(torch.tensor([[(classes - 1) // 2]]), classes).transpose(1, 2).float()
    else:
        wave = torch.rand((1, 1, count), generator=generator) * 2 - 1
        start = torch.zeros(1, 1, 1)
    taught = model(wave, padded)
    per = 1 if one_hot else classes // 3 + 1
    uniforms = 1e-5 + (1 - 2e-5) * torch.rand((count, per), generator=generator)
    uniform, sample = draws_of(uniforms, classes)
    kept = torch.Tensor.uniform_, torch.distributions.OneHotCategorical.sample
    torch.Tensor.uniform_, torch.distributions.OneHotCategorical.sample = uniform, sample
    out = model.incremental_forward(start, c=padded, T=count)
    torch.Tensor.uniform_, torch.distributions.OneHotCategorical.sample = kept
    drawn = (out.argmax(1) if one_hot else out[:, 0])[0].float()
    assert one_hot or (drawn.abs() < 1).float().mean() > 0.5, f"{name}: most samples are clamped"
    tensors = {"x": mel.transpose(1, 2).contiguous(), "wave": wave, "taught": taught, "uniforms": uniforms,
               "drawn": drawn, "y": finished(c, drawn)}
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {"name": "wavenet_vocoder", **c})
    if name == "wavenet-mol":
        optimizer = {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": [{"lr": 0.1}]}
        torch.save({"state_dict": spelled(model, "g"), "optimizer": optimizer, "global_step": 3, "global_epoch": 1,
                    "global_test_step": 1}, folder / "checkpoint_step000000003.pth")
    else:
        how = "plain" if name == "wavenet-mulaw" else "original"
        dump(folder / "model.safetensors", spelled(model, how), seed=case["seed"], script="wavenet.py")
    dump(OUT / f"{name}.safetensors", tensors, seed=case["seed"], script="wavenet.py")
    for file in [*sorted(folder.iterdir()), OUT / f"{name}.safetensors"]:
        say(file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wavenet", type=Path, required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    WaveNet = authors(args.wavenet)
    for name in args.names or CASES:
        golden(name, CASES[name], WaveNet)


if __name__ == "__main__":
    main()
