"""Goldens of Piper's voices: tiny ones by the authors' own network and export, run by onnxruntime.

    .venv/bin/python tools/golden/piper.py --piper DIR [NAME ...]

DIR is a checkout of github.com/rhasspy/piper. Its networks run as they are, but for monotonic_align,
which only training uses, and are exported as piper_train/export_onnx.py does. NAME.safetensors holds ids
and what onnxruntime answered with both scales of noise 0, at two lengths.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import onnxruntime
import torch

from common import GOLDEN, dump, say, seed, write_json

OUT = GOLDEN / "piper"
SYMBOLS = ["_", "^", "$", " ", "!", ",", ".", "?", "a", "b", "d", "e", "h", "i", "k", "l", "m", "n", "o", "r", "s",
           "t", "u", "w", "\u0259", "\u02c8", "\u02d0", "\u0303"]
CASES = {
    "medium": {"seed": 6101, "resblock": "2", "kernels": (3, 5), "dilations": ((1, 2), (2, 6)), "speakers": 1},
    "speakers": {"seed": 6102, "resblock": "1", "kernels": (3,), "dilations": ((1, 3, 5),), "speakers": 3},
}


def authors(folder):
    """Their package in a temporary folder, with a monotonic_align that has nothing in it."""
    root = tempfile.mkdtemp()
    tar = subprocess.run(["git", "-C", folder, "archive", "HEAD", "src/python/piper_train/vits"], check=True,
                         capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", root], input=tar, check=True)
    package = Path(root) / "src/python/piper_train"
    for file in (package / "vits/monotonic_align").iterdir():
        if file.is_file():
            file.unlink()
    (package / "vits/monotonic_align/__init__.py").write_text("maximum_path = None\n")
    sys.path.insert(0, str(package))
    from vits.models import SynthesizerTrn

    return SynthesizerTrn


@torch.no_grad()
def randomise(model, value):
    generator = torch.Generator().manual_seed(value)
    for name, p in model.named_parameters():
        if name.endswith("weight_g"):
            p.copy_(0.7 + 0.6 * torch.rand(p.shape, generator=generator))
        elif name.endswith("gamma"):
            p.copy_(1 + 0.1 * torch.randn(p.shape, generator=generator))
        elif p.dim() >= 2 and "flows.0." not in name:
            fan = p[0].numel() if ".ups." not in name else p.shape[0] * 2
            p.copy_(torch.randn(p.shape, generator=generator) / fan**0.5)
        else:
            p.copy_(0.2 * torch.randn(p.shape, generator=generator))
    model.dp.flows[0].m.copy_(torch.tensor([[-1.2], [0.3]]))


def export(model, path, speakers):
    """As piper_train/export_onnx.py, with the exporter that it had."""
    model.dec.remove_weight_norm()

    def infer(text, lengths, scales, sid=None):
        return model.infer(text, lengths, noise_scale=scales[0], length_scale=scales[1], noise_scale_w=scales[2],
                           sid=sid)[0].unsqueeze(1)

    model.forward = infer
    ids = torch.randint(0, len(SYMBOLS), (1, 50), dtype=torch.long)
    inputs = (ids, torch.LongTensor([50]), torch.FloatTensor([0.667, 1.0, 0.8]),
              torch.LongTensor([0]) if speakers > 1 else None)
    torch.onnx.export(model, inputs, str(path), verbose=False, opset_version=15,
                      input_names=["input", "input_lengths", "scales", "sid"], output_names=["output"], dynamo=False,
                      dynamic_axes={"input": {0: "batch_size", 1: "phonemes"}, "input_lengths": {0: "batch_size"},
                                    "output": {0: "batch_size", 1: "time"}})


def config(case):
    return {"audio": {"sample_rate": 22050}, "espeak": {"voice": "en-us"},
            "inference": {"noise_scale": 0.0, "length_scale": 1, "noise_w": 0.0}, "phoneme_type": "espeak",
            "phoneme_map": {}, "phoneme_id_map": {s: [i] for i, s in enumerate(SYMBOLS)},
            "num_symbols": len(SYMBOLS), "num_speakers": case["speakers"],
            "speaker_id_map": {f"p{i}": i for i in range(case["speakers"])} if case["speakers"] > 1 else {},
            "piper_version": "1.0.0", "language": {"code": "en_US"}}


@torch.no_grad()
def golden(name, case, network):
    seed(case["seed"])
    torch.use_deterministic_algorithms(False)  # the exporter's tracer sorts
    model = network(len(SYMBOLS), 9, 8, 8, 16, 24, 2, 2, 3, 0.1, case["resblock"], case["kernels"],
                    case["dilations"], (4, 2), 16, (8, 4), n_speakers=case["speakers"],
                    gin_channels=6 if case["speakers"] > 1 else 0).eval()
    randomise(model, case["seed"])
    folder = OUT
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    export(model, path, case["speakers"])
    write_json(folder / f"{name}.onnx.json", config(case))
    generator = torch.Generator().manual_seed(case["seed"] + 1000)
    ids = torch.randint(3, len(SYMBOLS), (1, 23), generator=generator)
    ids[0, 1::2] = 0
    ids[0, 0], ids[0, -1] = 1, 2
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    tensors, speaker = {"ids": ids.int()}, case["speakers"] - 1
    for key, length in (("y", 1.0), ("slow", 1.7)):
        feeds = {"input": ids.numpy(), "input_lengths": numpy.array([ids.shape[1]]),
                 "scales": numpy.array([0, length, 0], dtype=numpy.float32)}
        if case["speakers"] > 1:
            feeds["sid"] = numpy.array([speaker])
        tensors[key] = torch.from_numpy(session.run(None, feeds)[0]).reshape(-1)
    assert tensors["slow"].numel() > tensors["y"].numel() > 300, f"{name}: {tensors['y'].numel()} samples"
    dump(folder / f"{name}.safetensors", tensors, seed=case["seed"], script="piper.py", speaker=speaker,
         onnxruntime=onnxruntime.__version__)
    for file in sorted(folder.glob(f"{name}.*")):
        say(file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--piper", required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    network = authors(args.piper)
    for name in args.names or CASES:
        golden(name, CASES[name], network)


if __name__ == "__main__":
    main()
