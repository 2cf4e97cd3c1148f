"""Goldens of whole diffusion pipelines: diffusers' own, with tiny random models.

    .venv/bin/python tools/golden/diffuser.py [NAME ...]

For each folder of FOLDERS a diffusers folder under tests/golden/diffuser/ (weights in f16, so that
they stay small; both programs compute in f32), and golden.safetensors with what its pipelines made
of a seed: the latents that the VAE was given and the picture in bytes. Vocabularies are those that
clip.py made. The VAE's last layer is drawn wide, so that pictures have light and dark.
"""

import json
import shutil
import sys

import numpy as np
import torch
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

import diffusers
from common import GOLDEN, dump, say, seed

FOLDER = GOLDEN / "diffuser"
SEED, WIDTH, HEIGHT = 31, 40, 24
PROMPT, NEGATIVE = "a photo of an astronaut riding a horse on mars", "blurry, low quality"
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
LEADING = {"timestep_spacing": "leading", "steps_offset": 1}
PNDM = {**BETAS, **LEADING, "skip_prk_steps": True, "set_alpha_to_one": False}
CLASSES = {
    "ddim": diffusers.DDIMScheduler, "euler": diffusers.EulerDiscreteScheduler,
    "euler_ancestral": diffusers.EulerAncestralDiscreteScheduler,
    "heun": diffusers.HeunDiscreteScheduler, "dpmpp_2m": diffusers.DPMSolverMultistepScheduler,
    "lcm": diffusers.LCMScheduler, "pndm": diffusers.PNDMScheduler,
}
FIXED = {"clip_sample": False, "set_alpha_to_one": False}


def case(name, scheduler, config=None, **request):
    return {"name": name, "scheduler": scheduler, "config": config or {}, "steps": 20,
            "guidance": 7.5, "seeds": [7], "prompt": PROMPT, "negative": NEGATIVE, **request}


def edits(*cases):
    return [{"init": True, **c} for c in cases]


def paints(*cases):
    return [{"init": True, "mask": True, **c} for c in cases]


KARRAS = {"use_karras_sigmas": True}
ZERO_SNR = {**FIXED, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True,
            "timestep_spacing": "trailing"}
SD = [
    case("ddim", "ddim", FIXED, seeds=[7, 8]),
    case("euler", "euler"),
    case("euler_a", "euler_ancestral", seeds=[7, 8, 9]),
    case("heun", "heun"),
    case("dpmpp_2m_karras", "dpmpp_2m", KARRAS),
    case("lcm", "lcm", steps=4, guidance=1.5, seeds=[7, 8]),
    case("lcm20", "lcm"),
    case("pndm", "pndm"),
    case("ddim_eta", "ddim", FIXED, eta=0.5),
    case("unguided", "euler", guidance=1),
    case("no_negative", "euler", negative=None, prompt=""),
    case("clip_skip", "euler", clip_skip=1),
    case("rescale_v", "ddim", ZERO_SNR, rescale=0.7),
    case("euler_v", "euler", {"prediction_type": "v_prediction"}),
    *edits(case("edit_ddim", "ddim", FIXED, strength=0.8),
           case("edit_euler_a", "euler_ancestral", strength=0.55, seeds=[7, 8]),
           case("edit_heun", "heun", strength=0.6),
           case("edit_all", "dpmpp_2m", KARRAS, strength=1)),
    *paints(case("paint_ddim", "ddim", FIXED, strength=1),
            case("paint_euler_a", "euler_ancestral", strength=0.7, seeds=[7, 8]),
            case("paint_heun", "heun", strength=1)),
]
INPAINT = paints(case("nine_ddim", "ddim", FIXED, strength=1),
                 case("nine_euler_a", "euler_ancestral", strength=1, seeds=[7, 8]),
                 case("nine_part", "euler", strength=0.6))
XL = [
    case("xl", "euler", guidance=5),
    case("xl_zeros", "euler", guidance=5, negative=None, seeds=[7, 8]),
    case("xl_sizes", "dpmpp_2m", KARRAS, guidance=5, original=[64, 48], crop=[3, 5]),
    *edits(case("xl_edit", "euler", guidance=5, strength=0.3)),
    *paints(case("xl_paint", "euler", guidance=5, strength=1)),
]
DISTILLED = [case("distilled", "lcm", steps=4, guidance=8.5, negative=None)]

# Parts ------------------------------------------------------------------------------------------


def text(width, projection=None, act="quick_gelu"):
    config = CLIPTextConfig(vocab_size=814, hidden_size=width, intermediate_size=2 * width,
                            num_hidden_layers=3, num_attention_heads=2, max_position_embeddings=77,
                            hidden_act=act, bos_token_id=812, eos_token_id=813,
                            projection_dim=projection or width)
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config)


def unet(context, **extra):
    return diffusers.UNet2DConditionModel(**{
        "sample_size": 16, "in_channels": 4, "out_channels": 4, "layers_per_block": 1,
        "block_out_channels": (8, 16), "norm_num_groups": 4, "cross_attention_dim": context,
        "attention_head_dim": 2, "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), **extra})


def vae(**extra):
    made = diffusers.AutoencoderKL(
        block_out_channels=(8, 16), norm_num_groups=4, layers_per_block=1, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        sample_size=32, **extra)
    with torch.no_grad():
        made.decoder.conv_out.weight.mul_(3)
    return made


def words(name):
    return CLIPTokenizer.from_pretrained(GOLDEN / "clip" / name)


def halves(*models):
    """Numbers that f16 holds, computed with in f32."""
    for m in models:
        m.half().float().eval()


def sd(**extra):
    unet_, text_, vae_ = unet(16, **extra), text(16), vae()
    halves(unet_, text_, vae_)
    # diffusers looks for the final norm where transformers had it before version 5.
    object.__setattr__(text_, "text_model", text_)
    return {"unet": unet_, "text_encoder": text_, "vae": vae_, "tokenizer": words("tokenizer"),
            "scheduler": diffusers.PNDMScheduler(**PNDM)}


def xl():
    unet_ = unet(28, addition_embed_type="text_time", addition_time_embed_dim=4,
                 projection_class_embeddings_input_dim=6 * 4 + 20, use_linear_projection=True,
                 transformer_layers_per_block=(1, 2), attention_head_dim=(2, 4))
    one, two, vae_ = text(12, 16), text(16, 20, "gelu"), vae(scaling_factor=0.13025)
    one = CLIPTextModel(one.config)
    halves(unet_, one, two, vae_)
    return {"unet": unet_, "text_encoder": one, "text_encoder_2": two, "vae": vae_,
            "tokenizer": words("tokenizer"), "tokenizer_2": words("tokenizer_2"),
            "scheduler": diffusers.EulerDiscreteScheduler(**BETAS, **LEADING)}


FOLDERS = {
    "sd": (lambda: sd(), SD),
    "inpaint": (lambda: sd(in_channels=9), INPAINT),
    "xl": (xl, XL),
    "distilled": (lambda: sd(time_cond_proj_dim=8), DISTILLED),
}

# Runs -------------------------------------------------------------------------------------------


def pipeline_of(parts, c, folder):
    x = "text_encoder_2" in parts
    kind = ("Inpaint" if c.get("mask") else "Img2Img" if c.get("init") else "") + "Pipeline"
    cls = getattr(diffusers, ("StableDiffusionXL" if x else "StableDiffusion") + kind)
    extra = {"add_watermarker": False} if x else {
        "safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    # As users do: the published config, another class, their keys.
    published = type(parts["scheduler"]).from_pretrained(FOLDER / folder / "scheduler")
    scheduler = CLASSES[c["scheduler"]].from_config(published.config, **c["config"])
    pipe = cls(**{**parts, "scheduler": scheduler}, **extra)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def pictures():
    """Something to begin from: a ramp with a disc, and a mask with hard edges off every grid."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    disc = ((x - 26) ** 2 + (y - 11) ** 2 < 49)[..., None]
    ramp = np.stack([x * 6, y * 10, 255 - x * 3 - y * 4], -1)
    init = np.where(disc, [250, 200, 30], ramp).astype(np.uint8)
    mask = np.where((x > 12) & (x < 31) & (y > 4) & (y < 21), 255, 0).astype(np.uint8)
    return init, mask


def run(parts, c, folder, init, mask):
    pipe = pipeline_of(parts, c, folder)
    n = len(c["seeds"])
    args = {"prompt": [c["prompt"]] * n, "num_inference_steps": c["steps"],
            "guidance_scale": c["guidance"], "output_type": "latent",
            "generator": [torch.Generator().manual_seed(s) for s in c["seeds"]]}
    if c["negative"] is not None:
        args["negative_prompt"] = [c["negative"]] * n
    for ours, theirs in (("strength", "strength"), ("rescale", "guidance_rescale"),
                         ("clip_skip", "clip_skip"), ("eta", "eta")):
        if ours in c:
            args[theirs] = c[ours]
    if not c.get("init") or c.get("mask"):
        args |= {"width": WIDTH, "height": HEIGHT}
    if c.get("init"):
        args["image"] = [Image.fromarray(init)] * n
    if c.get("mask"):
        args["mask_image"] = [Image.fromarray(mask)] * n
    if "original" in c:
        args |= {"original_size": tuple(c["original"][::-1]),
                 "crops_coords_top_left": tuple(c["crop"][::-1])}
    with torch.no_grad():
        latents = pipe(**args).images
        seen = pipe.vae.decode(latents / pipe.vae.config.scaling_factor, return_dict=False)[0]
    picture = (pipe.image_processor.postprocess(seen, output_type="np") * 255).round().astype(np.uint8)
    assert np.isfinite(latents.numpy()).all(), c["name"]
    assert picture.std() > 12, (c["name"], picture.std())  # it shows something
    if c.get("mask"):
        picture = np.where(mask[None, ..., None] > 127, picture, init)
    return latents, torch.from_numpy(np.ascontiguousarray(picture))


def write_folder(folder, parts):
    """What save_pretrained leaves, without the shards' hints and the tokenizers' caches."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    index = {"_class_name": "StableDiffusionXLPipeline" if "text_encoder_2" in parts
             else "StableDiffusionPipeline", "_diffusers_version": diffusers.__version__}
    if "text_encoder_2" in parts:
        index["force_zeros_for_empty_prompt"] = True
    for name, part in parts.items():
        library = "diffusers" if name in ("unet", "vae", "scheduler") else "transformers"
        index[name] = [library, type(part).__name__]
        if name.startswith("tokenizer"):
            shutil.copytree(GOLDEN / "clip" / name, folder / name)
        elif name == "scheduler":
            part.save_pretrained(folder / name)
        else:
            part.half().save_pretrained(folder / name)
            part.float()
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


def main(names):
    init, mask = pictures()
    FOLDER.mkdir(parents=True, exist_ok=True)
    Image.fromarray(init).save(FOLDER / "init.png")
    Image.fromarray(mask).save(FOLDER / "mask.png")
    for name in names or FOLDERS:
        make, cases = FOLDERS[name]
        seed(SEED)
        parts, tensors = make(), {}
        write_folder(FOLDER / name, parts)
        for c in cases:
            tensors[c["name"] + ".latents"], tensors[c["name"] + ".image"] = run(
                parts, c, name, init, mask)
        path = FOLDER / name / "golden.safetensors"
        dump(path, tensors, SEED, "diffuser.py", diffusers=diffusers.__version__, cases=cases,
             width=str(WIDTH), height=str(HEIGHT))
        say(path)


if __name__ == "__main__":
    main(sys.argv[1:])
