"""Whole pipelines of the published sizes, with drawn weights: to be run by hand.

    .venv/bin/python tools/golden/full.py sd15|sdxl FOLDER [THREADS]
    build/release/tests/vision/test_diffuser FOLDER/

Nothing of it is kept: 2 GB of weights for SD 1.5, 7 GB for SDXL, in f16, which both programs widen
to f32. golden.safetensors is as diffuser.py writes it, of 256x256 pixels, which are 32x32 latents,
and 20 steps. It takes minutes, and memory for the weights in f32 (SDXL: 14 GB).
"""

import gc
import sys
from pathlib import Path

import torch
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

import diffuser
import diffusers
from common import dump, seed

UNETS = {
    "sd15": {"sample_size": 64, "cross_attention_dim": 768},
    "sdxl": {
        "sample_size": 128, "cross_attention_dim": 2048, "block_out_channels": [320, 640, 1280],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "transformer_layers_per_block": [1, 2, 10], "attention_head_dim": [5, 10, 20],
        "use_linear_projection": True, "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256, "projection_class_embeddings_input_dim": 2816,
    },
}
VAE = {
    "block_out_channels": [128, 256, 512, 512], "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4, "layers_per_block": 2, "latent_channels": 4,
}
CASES = {
    "sd15": [diffuser.case("ddim", "ddim", diffuser.FIXED), diffuser.case("euler", "euler")],
    "sdxl": [diffuser.case("euler", "euler", guidance=5)],
}


def drawn(model):
    """Norms and biases that are not ones and zeros; numbers that f16 holds."""
    generator = torch.Generator().manual_seed(diffuser.SEED)
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim == 1:
                p.add_(0.1 * torch.randn(p.shape, generator=generator))
    if hasattr(model, "decoder"):
        light(model)
    return model.half().eval()


def light(vae):
    """Pictures with light and dark."""
    with torch.no_grad():
        seen = vae.decode(torch.randn(1, 4, 16, 16)).sample
        vae.decoder.conv_out.weight.mul_(0.5 / seen.std())


def text(width, heads, layers, act, projection=None):
    """With the small vocabulary of clip.py."""
    config = CLIPTextConfig(vocab_size=814, hidden_size=width, intermediate_size=4 * width,
                            num_hidden_layers=layers, num_attention_heads=heads, hidden_act=act,
                            bos_token_id=812, eos_token_id=813, projection_dim=projection or width)
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config)


def make(which):
    """One part after another: in f16 at once, so that memory holds the largest in f32 alone."""
    parts = {"unet": drawn(diffusers.UNet2DConditionModel(**UNETS[which]))}
    gc.collect()
    parts["vae"] = drawn(diffusers.AutoencoderKL(
        **VAE, scaling_factor=0.13025 if which == "sdxl" else 0.18215))
    parts["text_encoder"] = drawn(text(768, 12, 12, "quick_gelu"))
    parts["tokenizer"] = diffuser.words("tokenizer")
    parts["scheduler"] = diffusers.PNDMScheduler(**diffuser.PNDM)
    if which == "sdxl":
        parts["text_encoder_2"] = drawn(text(1280, 20, 32, "gelu", 1280))
        parts["tokenizer_2"] = diffuser.words("tokenizer_2")
        parts["scheduler"] = diffusers.EulerDiscreteScheduler(**diffuser.BETAS, **diffuser.LEADING)
    return parts


def main(which, folder, threads="1"):
    folder = Path(folder).absolute()
    diffuser.FOLDER, diffuser.WIDTH, diffuser.HEIGHT = folder.parent, 256, 256
    seed(diffuser.SEED)
    torch.set_num_threads(int(threads))
    parts = make(which)
    diffuser.write_folder(folder, parts)  # which leaves them in f32
    tensors = {}
    for done, c in enumerate(CASES[which], 1):
        latents, picture = diffuser.run(parts, c, folder.name, None, None)
        tensors |= {c["name"] + ".latents": latents, c["name"] + ".image": picture}
        print(c["name"], "latents up to", float(latents.abs().max()), flush=True)
        # After each: one may be enough, and another takes as long again.
        dump(folder / "golden.safetensors", tensors, diffuser.SEED, "full.py",
             diffusers=diffusers.__version__, cases=CASES[which][:done], width="256", height="256")


if __name__ == "__main__":
    main(*sys.argv[1:])
