"""From an official StyleGAN2 pickle to a folder that diorama reads: config.json and safetensors.

    python tools/convert_stylegan2.py ffhq.pkl models/ffhq --code PATH/stylegan2-ada-pytorch

Run once, offline. A pickle of the authors is not data: it carries Python source, and loading it runs
that source together with the checkout of github.com/NVlabs/stylegan2-ada-pytorch that --code names
(pickles of the TensorFlow release are read by the same code). So convert only what you trust. What
comes out is plain numbers and runs nothing.

Weights keep the authors' names (synthesis.b4.conv1.weight, mapping.fc0.weight, ...), without the
resample_filter that every layer repeats. Mind the licence: the published weights and the authors' code
are for non-commercial use; --licence and --commercial go into config.json, for the program to heed.
"""

import argparse
import json
import struct
import sys
from pathlib import Path

import torch


def width(layer):
    return layer.weight.shape[0]


def config_of(g, **more):
    """config.json of a training.networks.Generator (of G_ema as pickled)."""
    m, s = g.mapping, g.synthesis
    if not hasattr(s, "b4"):
        raise SystemExit("not a StyleGAN2 generator: it has no synthesis.b4 (StyleGAN3 is another network)")
    last = getattr(s, f"b{s.img_resolution}")
    widths = {r: width(getattr(s, f"b{r}").conv1) for r in s.block_resolutions}
    taps = last.conv1.resample_filter
    taps = taps if taps.dim() == 1 else taps[0] / taps[0].min()
    clamp = last.conv1.conv_clamp
    config = {
        "model_type": "stylegan2",
        "z_dim": m.z_dim, "c_dim": m.c_dim, "w_dim": m.w_dim,
        "img_resolution": s.img_resolution, "img_channels": s.img_channels,
        "channel_base": max(r * w for r, w in widths.items() if w < max(widths.values())) if
        len(set(widths.values())) > 1 else s.img_resolution * max(widths.values()),
        "channel_max": max(widths.values()),
        "mapping_layers": m.num_layers,
        "embed_features": width(m.embed) if m.c_dim else 0,
        "layer_features": width(m.fc0) if m.num_layers > 1 else 0,
        "lr_multiplier": m.fc0.bias_gain,
        "architecture": last.architecture,
        "conv_clamp": clamp if clamp is not None else 0,
        "use_noise": last.conv1.use_noise,
        "resample_filter": [round(t, 6) for t in taps.tolist()],
        **more,
    }
    for r, w in widths.items():
        if w != min(config["channel_base"] // r, config["channel_max"]):
            raise SystemExit(f"b{r} has {w} channels: no channel_base and channel_max give that")
    return config


def state_of(g):
    """The weights that config.json does not already say."""
    return {k: v.detach().cpu().contiguous() for k, v in g.state_dict().items() if not k.endswith("resample_filter")}


def write(folder, g, half=False, **more):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config_of(g, **more), indent=2) + "\n")
    header, blobs, at = {}, [], 0
    for name, tensor in sorted(state_of(g).items()):
        tensor = tensor.half() if half and tensor.dim() > 1 else tensor.float()
        blob = tensor.numpy().tobytes()
        header[name] = {"dtype": "F16" if tensor.dtype == torch.float16 else "F32",
                        "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for blob in blobs:
            f.write(blob)


def load(path, code):
    sys.path.insert(0, str(code))
    import legacy

    with open(path, "rb") as f:
        return legacy.load_network_pkl(f)["G_ema"].eval().cpu().float()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pickle", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--code", type=Path, required=True, help="checkout of stylegan2-ada-pytorch")
    parser.add_argument("--half", action="store_true", help="store kernels as float16: half the size")
    parser.add_argument("--licence", default="NVIDIA Source Code License (non-commercial)")
    parser.add_argument("--commercial", choices=["yes", "no", "unknown"], default="no")
    args = parser.parse_args()
    write(args.folder, load(args.pickle, args.code), args.half, licence=args.licence,
          commercial=args.commercial)


if __name__ == "__main__":
    main()
