"""Tiny random UNets of Stable Diffusion's kinds: a diffusers folder, and every tap of one pass.

Each row of MODELS shows what one published family needs: heads counted in attention_head_dim,
projections stored as matrices, pooled text and time_ids, nine channels in, odd sizes, lists for
every level, no middle, a guidance embedding, and pictures that go on at their other side.
"""

import logging
import shutil
import sys

from common import GOLDEN, dump, say, seed, write_json

import torch
import torch.nn.functional as F
from diffusers import StableDiffusionPipeline, UNet2DConditionModel

BATCH, TOKENS = 2, 5

CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
UP_CROSS, UP_PLAIN = "CrossAttnUpBlock2D", "UpBlock2D"

SD1 = {
    "block_out_channels": [8, 16, 16], "down_block_types": [CROSS, CROSS, PLAIN],
    "up_block_types": [UP_PLAIN, UP_CROSS, UP_CROSS], "layers_per_block": 1,
    "attention_head_dim": 2, "cross_attention_dim": 12, "norm_num_groups": 4, "sample_size": 8,
}
MODELS = {
    "sd1": {"seed": 1, "size": (8, 8), "tile": True, "config": SD1},
    "sd2": {
        "seed": 2, "size": (8, 4), "dtype": torch.float16,
        "config": SD1 | {"attention_head_dim": [1, 2, 4], "use_linear_projection": True,
                         "upcast_attention": True, "layers_per_block": 2},
    },
    "sdxl": {
        "seed": 3, "size": (8, 8), "dtype": torch.float16,
        "config": SD1 | {
            "down_block_types": [PLAIN, CROSS, CROSS],
            "up_block_types": [UP_CROSS, UP_CROSS, UP_PLAIN],
            "transformer_layers_per_block": [1, 2, 3], "attention_head_dim": [1, 2, 4],
            "use_linear_projection": True, "addition_embed_type": "text_time",
            "addition_time_embed_dim": 6, "projection_class_embeddings_input_dim": 46,
            "time_cond_proj_dim": None,
        },
    },
    "inpaint-odd": {"seed": 4, "size": (9, 13), "dtype": torch.float16, "config": SD1 | {"in_channels": 9}},
    "lists": {
        "seed": 5, "size": (6, 6), "dtype": torch.bfloat16,
        "config": SD1 | {
            "down_block_types": [PLAIN, CROSS, CROSS],
            "up_block_types": [UP_CROSS, UP_CROSS, UP_PLAIN],
            "layers_per_block": [1, 2, 2], "cross_attention_dim": [12, 12, 12],
            "transformer_layers_per_block": [0, [2, 1], [1, 2]],
            "reverse_transformer_layers_per_block": [[1, 1, 2], [2, 1, 1], 1],
            "time_cond_proj_dim": 10, "norm_eps": 1e-6,
        },
    },
    "no-mid": {
        "seed": 6, "size": (4, 8), "dtype": torch.float16,
        "config": SD1 | {
            "block_out_channels": [8, 16], "down_block_types": [CROSS, CROSS],
            "up_block_types": [UP_CROSS, UP_CROSS], "mid_block_type": None, "out_channels": 3,
            "flip_sin_to_cos": False, "freq_shift": 1, "downsample_padding": 0,
            "time_embedding_dim": 20,
        },
    },
}

TAPPED = ("conv_in", "conv_out", "time_embedding", "add_embedding")
KINDS = ("resnets", "attentions", "transformer_blocks", "downsamplers", "upsamplers")


def randomise(model, value):
    """Norms and biases that do something: fresh ones are ones and zeros."""
    generator = torch.Generator().manual_seed(value)
    for name, p in model.named_parameters():
        if p.ndim == 1:
            noise = torch.randn(p.shape, generator=generator) * 0.2
            p.data = noise + (1 if "norm" in name and name.endswith("weight") else 0)
        else:
            fan_in = p[0].numel()
            p.data = torch.randn(p.shape, generator=generator) * (1.2 / fan_in**0.5)


def build(folder, spec):
    shutil.rmtree(folder, ignore_errors=True)
    seed(spec["seed"])
    model = UNet2DConditionModel(**spec["config"])
    randomise(model, spec["seed"])
    model.to(spec.get("dtype", torch.float32)).save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)
    return UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32).eval()


def is_tapped(name):
    parts = name.split(".")
    return name in TAPPED or (len(parts) > 1 and parts[-1].isdigit() and parts[-2] in KINDS) or (
        parts[-1] in ("attn1", "attn2", "ff"))


def inputs(spec, config):
    generator = torch.Generator().manual_seed(spec["seed"] + 1000)

    def randn(*shape):
        return torch.randn(shape, generator=generator)

    given = {
        "sample": randn(BATCH, config.in_channels, *spec["size"]),
        "timestep": torch.tensor([999.0, 41.5]),
        "encoder_hidden_states": randn(BATCH, TOKENS, 12),
    }
    if config.addition_embed_type:
        given["text_embeds"] = randn(BATCH, 10)
        given["time_ids"] = torch.tensor([[512, 768, 0, 0, 512, 768], [1024, 1024, 0, 64, 512, 512]])
        given["time_ids"] = given["time_ids"].float()
    if config.time_cond_proj_dim:
        given["guidance"] = torch.tensor([7.5, 1.3])
    return given


def run(model, given):
    config, extra = model.config, {}
    if "text_embeds" in given:
        extra["added_cond_kwargs"] = {k: given[k] for k in ("text_embeds", "time_ids")}
    if "guidance" in given:
        extra["timestep_cond"] = StableDiffusionPipeline.get_guidance_scale_embedding(
            None, given["guidance"] - 1, embedding_dim=config.time_cond_proj_dim)
    with torch.no_grad():
        return model(given["sample"], given["timestep"], given["encoder_hidden_states"],
                     **extra).sample


def taps(model, given):
    found, hooks = {}, []
    for name, module in model.named_modules():
        if is_tapped(name):
            def hook(_, __, out, name=name):
                out = getattr(out, "sample", out)
                found[name] = out[0] if isinstance(out, tuple) else out
            hooks.append(module.register_forward_hook(hook))
    out = run(model, given)
    for hook in hooks:
        hook.remove()
    assert torch.equal(out, found["conv_out"])
    return found


def tile(model, x, y):
    """Convolutions of 3x3 that wrap around, along the axes given."""
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d) and module.kernel_size == (3, 3):
            def forward(inp, weight, bias, module=module):
                inp = F.pad(inp, (1, 1, 0, 0), mode="circular" if x else "constant")
                inp = F.pad(inp, (0, 0, 1, 1), mode="circular" if y else "constant")
                return F.conv2d(inp, weight, bias, module.stride)
            module._conv_forward = forward


def golden(name, spec):
    folder = GOLDEN / "unet" / name
    model = build(folder, spec)
    given = inputs(spec, model.config)
    tensors = {f"in.{k}": v for k, v in given.items()}
    tensors.update(taps(model, given))
    if spec.get("tile"):
        for label, axes in {"x": (True, False), "y": (False, True), "xy": (True, True)}.items():
            tile(model, *axes)
            tensors[f"tile_{label}.conv_out"] = run(model, given)
    path = folder / "golden.safetensors"
    import diffusers
    dump(path, tensors, seed=spec["seed"], script="unet.py", diffusers=diffusers.__version__)
    print(f"{name}: out std {tensors['conv_out'].std().item():.2f}", file=sys.stderr)
    say(path)
    say(folder / "diffusion_pytorch_model.safetensors")


if __name__ == "__main__":
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    for name in sys.argv[1:] or MODELS:
        golden(name, MODELS[name])
