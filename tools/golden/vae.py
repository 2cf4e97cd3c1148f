"""Goldens of the autoencoders: tiny random models of diffusers, and of TAESD's own code.

    .venv/bin/python tools/golden/vae.py [NAME ...] [--taesd PATH/taesd.py]

Each folder tests/golden/vae/NAME is a genuine "vae" folder of diffusers, read back with
from_pretrained before anything is computed, plus golden.safetensors (tests/golden/README.md lists
what is in it). "taesd" needs the author's taesd.py (github.com/madebyollin/taesd), which is run
with 8 channels where it has 64; its weights are saved as the author does, one .pth for each half.
"""

import argparse
import shutil
import sys

import torch
import torch.nn.functional as F
from diffusers.utils import logging

from common import GOLDEN, dump, say, seed, write_json

HEIGHT, WIDTH = 3, 2  # latents

DOWN, UP = "DownEncoderBlock2D", "UpDecoderBlock2D"


def kl(widths, **more):
    return {
        "_class_name": "AutoencoderKL", "_diffusers_version": "0.42.1", "act_fn": "silu",
        "block_out_channels": widths, "down_block_types": [DOWN] * len(widths),
        "up_block_types": [UP] * len(widths), "in_channels": 3, "out_channels": 3,
        "latent_channels": 4, "layers_per_block": 1, "norm_num_groups": 4, "sample_size": 32,
        **more,
    }


MODELS = {
    "sd": {"seed": 31, "config": kl([4, 8, 8, 8], layers_per_block=2, scaling_factor=0.18215)},
    # As SD3's and FLUX's: 16 channels, no 1x1 convolutions beside them, a shift.
    "wide": {
        "seed": 32,
        "config": kl([8, 16], latent_channels=16, scaling_factor=0.3611, shift_factor=0.1159,
                     use_quant_conv=False, use_post_quant_conv=False, force_upcast=False),
    },
    # Uneven widths, no attention, means and deviations in place of one factor, stored as f16.
    "plain": {
        "seed": 33, "dtype": torch.float16,
        "config": kl([4, 12, 8], mid_block_add_attention=False, scaling_factor=0.13025,
                     latents_mean=[0.1, -0.2, 0.3, -0.4], latents_std=[1.5, 0.5, 2.0, 1.25]),
    },
    # The first release's names: query, key, value, proj_attn; and as 1x1 convolutions.
    "old": {"seed": 34, "layout": "old", "config": kl([4, 8])},
    "tiny": {
        "seed": 35,
        "config": {
            "_class_name": "AutoencoderTiny", "_diffusers_version": "0.42.1", "act_fn": "relu",
            "encoder_block_out_channels": [8, 8, 8, 8], "num_encoder_blocks": [1, 3, 3, 3],
            "decoder_block_out_channels": [8, 8, 8, 8], "num_decoder_blocks": [3, 3, 3, 1],
            "in_channels": 3, "out_channels": 3, "latent_channels": 4, "scaling_factor": 1.0,
            "latent_magnitude": 3, "latent_shift": 0.5, "upsampling_scaling_factor": 2,
            "force_upcast": False,
        },
    },
}
OLD = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def randomise(model, value):
    """Uneven weights that keep the size of what passes: norms around 1, biases around 0."""
    generator = torch.Generator().manual_seed(value)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=generator)
        with torch.no_grad():
            if p.dim() == 1:
                p.copy_(0.3 * noise + (1.0 if "norm" in name and name.endswith("weight") else 0.0))
            else:
                p.copy_(noise * (1.5 / p[0].numel()) ** 0.5)


def save(folder, model, spec):
    from safetensors.torch import save_file

    tensors = {k: v.contiguous() for k, v in model.state_dict().items()}
    if spec.get("layout") == "old":
        for new, old in OLD.items():
            tensors = {k.replace(f".{new}.", f".{old}."): v for k, v in tensors.items()}
        for k in [k for k in tensors if "attentions" in k and tensors[k].dim() == 2]:
            tensors[k] = tensors[k][:, :, None, None].contiguous()
    path = folder / "diffusion_pytorch_model.safetensors"
    save_file(tensors, path, metadata={"format": "pt"})
    path.chmod(0o644)


def build(folder, spec):
    """Makes the folder, then opens it as a user would."""
    import diffusers

    shutil.rmtree(folder, ignore_errors=True)
    write_json(folder / "config.json", spec["config"])
    seed(spec["seed"])
    family = getattr(diffusers, spec["config"]["_class_name"])
    model = family.from_config(spec["config"])
    randomise(model, spec["seed"])
    model = model.to(spec["dtype"]) if "dtype" in spec else model
    save(folder, model, spec)
    if spec.get("layout") != "old":  # diffusers does not take those convolutions any more
        model, report = family.from_pretrained(folder, output_loading_info=True,
                                               torch_dtype=torch.float32)
        assert not report["missing_keys"] and not report["unexpected_keys"], report
    return model.eval()


def is_tap(name):
    last = name.split(".")[-2:]
    if last[-1] in ("conv_in", "conv_out", "conv1", "quant_conv", "post_quant_conv"):
        return True
    return last[0] in ("resnets", "attentions", "upsamplers", "downsamplers", "layers")


def hooked(model, run):
    """What `run` gives, and everything on the way under its module's name."""
    taps, handles = {}, []
    for name, module in model.named_modules():
        if is_tap(name):
            handles.append(module.register_forward_hook(
                lambda _, __, out, name=name: taps.__setitem__(name, out.detach().clone())))
    with torch.no_grad():
        out = run()
    for handle in handles:
        handle.remove()
    return out, taps


def around(model, x, y):
    """Convolutions that see the picture go on at the other side: along x, y or both."""

    def forward(self, value):
        p = self.padding[0]
        value = F.pad(value, (p, p, 0, 0), mode="circular" if x and p else "constant")
        value = F.pad(value, (0, 0, p, p), mode="circular" if y and p else "constant")
        return F.conv2d(value, self.weight, self.bias, self.stride)

    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.forward = forward.__get__(module)


def golden(name, spec):
    folder = GOLDEN / "vae" / name
    model = build(folder, spec)
    config, scale = spec["config"], 2 ** (len(model.config.block_out_channels) - 1)
    generator = torch.Generator().manual_seed(spec["seed"] + 1000)
    latent = torch.randn((2, config["latent_channels"], HEIGHT, WIDTH), generator=generator)
    picture = 2 * torch.rand((1, 3, scale * HEIGHT, scale * WIDTH), generator=generator) - 1
    out, taps = hooked(model, lambda: model.decode(latent[:1]).sample)
    encoded, more = hooked(model, lambda: model.encode(picture))
    taps.update(more)
    taps.update({"latent": latent, "picture": picture, "sample": out})
    with torch.no_grad():
        taps["second"] = model.decode(latent[1:]).sample
        if config["_class_name"] == "AutoencoderKL":
            spread = encoded.latent_dist
            taps["latent_dist.mean"], taps["latent_dist.logvar"] = spread.mean, spread.logvar
            taps["latent_dist.std"] = spread.std
            noise = torch.randn(spread.mean.shape, generator=generator)
            taps["noise"], taps["drawn"] = noise, spread.mean + spread.std * noise
        else:
            taps["latents"] = encoded.latents
        for kind, (x, y) in {"x": (True, False), "y": (False, True), "xy": (True, True)}.items():
            around(model, x, y)
            taps[f"tiled.{kind}"] = model.decode(latent[:1]).sample
    finish(folder, taps, spec["seed"])


def author(path):
    """TAESD by its author's code, in the author's two files."""
    folder = GOLDEN / "vae" / "taesd"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    code = {"__name__": "taesd"}
    exec(compile(open(path).read().replace("64", "8"), str(path), "exec"), code)
    seed(36)
    encoder, decoder = code["Encoder"](16), code["Decoder"](16)
    for half, name, value in ((encoder, "encoder", 36), (decoder, "decoder", 37)):
        randomise(half, value)
        torch.save(half.state_dict(), folder / f"taesd_{name}.pth")
    generator = torch.Generator().manual_seed(1036)
    latent = 3 * torch.randn((2, 16, HEIGHT, WIDTH), generator=generator)
    picture = torch.rand((1, 3, 8 * HEIGHT, 8 * WIDTH), generator=generator)
    with torch.no_grad():
        taps = {"latent": latent, "picture": 2 * picture - 1, "latents": encoder(picture),
                "sample": 2 * decoder(latent[:1]) - 1, "second": 2 * decoder(latent[1:]) - 1}
    finish(folder, taps, 36)


def finish(folder, taps, value):
    for name, tensor in taps.items():
        assert tensor.isfinite().all() and (tensor.numel() < 16 or tensor.std() > 1e-2), name
    path = folder / "golden.safetensors"
    dump(path, {k: v.to(torch.float32) for k, v in taps.items()}, seed=value, script="vae.py")
    print(f"{folder.name}: {len(taps)} tensors, pictures {taps['sample'].std():.2f}",
          file=sys.stderr)
    say(path)


if __name__ == "__main__":
    logging.set_verbosity_error()
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--taesd")
    args = parser.parse_args()
    for name in args.names or MODELS:
        golden(name, MODELS[name])
    if args.taesd:
        author(args.taesd)
