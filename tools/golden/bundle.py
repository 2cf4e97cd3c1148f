"""Single-file checkpoints in the names of the first release, and what diffusers reads from them.

    .venv/bin/python tools/golden/bundle.py

The networks have the published number of blocks and next to no width. Their names are turned into
LDM's here and back by diffusers' own converters (diffusers.loaders.single_file_utils), which must
give the networks' own tensors again; want.json keeps, for each part and name, the shape and the hash
of the bytes that diffusers read.
"""

import hashlib
import json
import re
import sys

from common import GOLDEN, data, dump, say, seed

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders import single_file_utils as official
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
SD1_UNET = {
    "block_out_channels": [2, 4, 4, 4], "norm_num_groups": 1, "attention_head_dim": 2,
    "cross_attention_dim": 3,
}
SDXL_UNET = {
    "block_out_channels": [2, 4, 4], "norm_num_groups": 1, "attention_head_dim": 2,
    "cross_attention_dim": 5, "down_block_types": [PLAIN, CROSS, CROSS],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "transformer_layers_per_block": [1, 1, 2], "use_linear_projection": True,
    "addition_embed_type": "text_time", "addition_time_embed_dim": 2,
    "projection_class_embeddings_input_dim": 14,
}
VAE = {
    "block_out_channels": [2, 2, 4, 4], "norm_num_groups": 1, "latent_channels": 4,
    "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
}
TEXT = {
    "vocab_size": 7, "hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 2,
    "num_attention_heads": 2, "max_position_embeddings": 5,
}
BUNDLES = {
    "sd1": {"seed": 1, "dtype": torch.float32, "unet": SD1_UNET,
            "text_encoder": ("clip", TEXT, "cond_stage_model.transformer.")},
    "sd2": {"seed": 2, "dtype": torch.float16,
            "unet": SD1_UNET | {"use_linear_projection": True, "in_channels": 9},
            "text_encoder": ("open_clip", TEXT, "cond_stage_model.model.")},
    "sdxl": {"seed": 3, "dtype": torch.float16, "unet": SDXL_UNET,
             "text_encoder": ("clip", TEXT, "conditioner.embedders.0.transformer."),
             "text_encoder_2": ("open_clip", TEXT | {"projection_dim": 6, "hidden_size": 6},
                                "conditioner.embedders.1.model.")},
}

RESNET = [("norm1", "in_layers.0"), ("conv1", "in_layers.2"), ("time_emb_proj", "emb_layers.1"),
          ("norm2", "out_layers.0"), ("conv2", "out_layers.3"),
          ("conv_shortcut", "skip_connection")]


def ldm_unet(name, layers, cross_up):
    """diffusers' name of a UNet's weight as LDM has it, for equally many layers a level."""
    for ours, theirs in (("time_embedding.linear_1", "time_embed.0"),
                         ("time_embedding.linear_2", "time_embed.2"),
                         ("add_embedding.linear_1", "label_emb.0.0"),
                         ("add_embedding.linear_2", "label_emb.0.2"),
                         ("conv_in", "input_blocks.0.0"), ("conv_norm_out", "out.0"),
                         ("conv_out", "out.2")):
        if name.startswith(ours + "."):
            return theirs + name[len(ours):]
    down = re.match(r"down_blocks\.(\d)\.(resnets|attentions|downsamplers)\.(\d)\.(.*)", name)
    up = re.match(r"up_blocks\.(\d)\.(resnets|attentions|upsamplers)\.(\d)\.(.*)", name)
    mid = re.match(r"mid_block\.(resnets|attentions)\.(\d)\.(.*)", name)
    if down:
        level, kind, i, rest = int(down[1]), down[2], int(down[3]), down[4]
        first = 1 + level * (layers + 1)
        if kind == "downsamplers":
            return f"input_blocks.{first + layers}.0.op.{rest.split('.')[1]}"
        place = f"input_blocks.{first + i}"
    elif up:
        level, kind, i, rest = int(up[1]), up[2], int(up[3]), up[4]
        if kind == "upsamplers":
            at = level * (layers + 1) + layers
            return f"output_blocks.{at}.{2 if cross_up[level] else 1}.{rest}"
        place = f"output_blocks.{level * (layers + 1) + i}"
    else:
        kind, i, rest = mid[1], int(mid[2]), mid[3]
        place = None
    if kind == "attentions":
        return f"{place}.1.{rest}" if place else f"middle_block.1.{rest}"
    for ours, theirs in RESNET:
        if rest.startswith(ours + "."):
            rest = theirs + rest[len(ours):]
            break
    return f"{place}.0.{rest}" if place else f"middle_block.{2 * i}.{rest}"


def ldm_vae(name, levels):
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.(\d)",
                  lambda m: f"up.{levels - 1 - int(m[1])}.block.{m[2]}", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0",
                  lambda m: f"up.{levels - 1 - int(m[1])}.upsample", name)
    for ours, theirs in (("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"),
                         ("to_out.0", "proj_out")):
        name = name.replace(f"mid_block.attentions.0.{ours}", f"mid.attn_1.{theirs}")
    return name


def open_clip(state, layers, drop_projection):
    """transformers' CLIP as open_clip stores it; one layer more at the end when it is dropped."""
    out = {}
    for name, t in state.items():
        name = name.replace("text_model.embeddings.token_embedding", "token_embedding")
        if name == "text_model.embeddings.position_embedding.weight":
            name = "positional_embedding"
        name = name.replace("text_model.final_layer_norm", "ln_final")
        name = name.replace("text_model.encoder.layers.", "transformer.resblocks.")
        for ours, theirs in (("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"),
                             ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
                             ("self_attn.out_proj", "attn.out_proj")):
            name = name.replace(ours, theirs)
        out[name] = t
    if "text_projection.weight" in out:
        out["text_projection"] = out.pop("text_projection.weight").T.contiguous()
    for i in range(layers):
        for kind in ("weight", "bias"):
            parts = [out.pop(f"transformer.resblocks.{i}.self_attn.{p}_proj.{kind}") for p in "qkv"]
            out[f"transformer.resblocks.{i}.attn.in_proj_{kind}"] = torch.cat(parts)
    out["logit_scale"] = torch.ones(())
    if drop_projection:
        last = {k: v for k, v in out.items() if f"resblocks.{layers - 1}." in k}
        out |= {k.replace(f"resblocks.{layers - 1}.", f"resblocks.{layers}."): v.clone() + 1
                for k, v in last.items()}
        out["text_projection"] = torch.ones(4, 4)
    return out


def randomise(model, dtype):
    for p in model.parameters():
        p.data = torch.randn_like(p).to(dtype)
    return model


def text_model(config):
    cls = CLIPTextModelWithProjection if "projection_dim" in config else CLIPTextModel
    return cls(CLIPTextConfig(**config))


def wrapped(state):
    """transformers 5 leaves "text_model." out of CLIPTextModel's names; files have it."""
    return {k if k.startswith(("text_model.", "text_projection")) else f"text_model.{k}": v
            for k, v in state.items() if "position_ids" not in k}


def text_part(kind, config, prefix, dtype, checkpoint):
    model = randomise(text_model(config), dtype)
    state = wrapped(model.state_dict())
    if kind == "clip":
        checkpoint |= {prefix + k: v for k, v in state.items()}
        checkpoint[prefix + "text_model.embeddings.position_ids"] = torch.arange(5)[None]
        found = official.convert_ldm_clip_checkpoint(checkpoint)
        found = {k: v for k, v in found.items() if "position_ids" not in k}
    else:
        drop = "projection_dim" not in config
        theirs = open_clip(state, config["num_hidden_layers"], drop)
        checkpoint |= {prefix + k: v for k, v in theirs.items()}
        official.SD_2_TEXT_ENCODER_KEYS_TO_IGNORE = [
            k for k in checkpoint if drop and (".resblocks.2." in k or "text_projection" in k)]
        holder = type("", (), {"config": CLIPTextConfig(**config)})
        # Its in_proj is cut at the projection's rows, which are the width in all real models.
        rows = {prefix + "text_projection": torch.empty(config["hidden_size"], 0)} if drop else {}
        found = official.convert_open_clip_checkpoint(holder, checkpoint | rows, prefix)
    return state, found


def same(state, found, what):
    assert set(state) == set(found), f"{what}: {sorted(set(state) ^ set(found))[:9]}"
    for k, v in state.items():
        assert torch.equal(v, found[k]), f"{what}: {k}"


def describe(state):
    return {k: [*v.shape, hashlib.sha256(data(v)).hexdigest()[:16]]
            for k, v in sorted(state.items())}


def bundle(name, spec):
    seed(spec["seed"])
    dtype, checkpoint, want = spec["dtype"], {}, {}
    unet = randomise(UNet2DConditionModel(**spec["unet"]), dtype)
    vae = randomise(AutoencoderKL(**VAE), dtype)
    cross_up = ["Cross" in t for t in unet.config.up_block_types]
    for k, v in unet.state_dict().items():
        checkpoint["model.diffusion_model." + ldm_unet(k, 2, cross_up)] = v
    for k, v in vae.state_dict().items():
        if "attentions" in k and v.ndim == 2:
            v = v[:, :, None, None]
        checkpoint["first_stage_model." + ldm_vae(k, 4)] = v
    states = {
        "unet": (unet.state_dict(), official.convert_ldm_unet_checkpoint(checkpoint, unet.config)),
        "vae": (vae.state_dict(), official.convert_ldm_vae_checkpoint(checkpoint, vae.config)),
    }
    for part in ("text_encoder", "text_encoder_2"):
        if part in spec:
            states[part] = text_part(*spec[part], dtype, checkpoint)
    for part, (state, found) in states.items():
        same(state, found, f"{name} {part}")
        want[part] = describe(found)
    checkpoint["alphas_cumprod"] = torch.cumprod(
        1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2, 0)
    checkpoint["model_ema.decay"] = torch.ones(())
    path = GOLDEN / "bundle" / f"{name}.safetensors"
    dump(path, checkpoint, seed=spec["seed"], script="bundle.py")
    say(path)
    write_json_lines(path.with_suffix(".want.json"), want)


def write_json_lines(path, want):
    """One tensor a line."""
    parts = []
    for part, rows in want.items():
        lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in rows.items())
        parts.append(f"{json.dumps(part)}: {{\n{lines}\n}}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")
    say(path)


def checkpoint_file():
    """A torch checkpoint as training leaves it: the UNet of SD 2.1-base, which its step tells."""
    seed(4)
    config = SD1_UNET | {
        "block_out_channels": [2, 4], "down_block_types": [CROSS, PLAIN], "layers_per_block": 1,
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"], "use_linear_projection": True}
    unet, state = randomise(UNet2DConditionModel(**config), torch.float16), {}
    for k, v in unet.state_dict().items():
        state["model.diffusion_model." + ldm_unet(k, 1, [False, True])] = v
    text_part("open_clip", TEXT, "cond_stage_model.model.", torch.float16, state)
    path = GOLDEN / "bundle" / "sd2-base.ckpt"
    torch.save({"global_step": 875000, "state_dict": state, "epoch": 1}, path)
    say(path)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        checkpoint_file()
    for name in sys.argv[1:] or BUNDLES:
        bundle(name, BUNDLES[name])
