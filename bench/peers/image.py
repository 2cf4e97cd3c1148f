"""Pictures: diorama beside PyTorch and diffusers on the CPU, in turns, on the same networks.

The peer is eager PyTorch in f32 with its fastest settings here: inference mode, scaled-dot-product
attention, and the memory format that serves it best is shown beside the usual one. diorama computes
in f32 too, from weights kept in f16 as they are published. Weights are drawn: nothing is downloaded.
"""

import diffusers
import torch

import turns

SIDE, TOKENS = 64, 77  # as bench/bench_image.c has them

UNET = {
    "sample_size": SIDE, "in_channels": 4, "out_channels": 4, "layers_per_block": 2,
    "block_out_channels": (320, 640, 1280, 1280), "cross_attention_dim": 768,
    "attention_head_dim": 8,
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
}
VAE = {
    "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "latent_channels": 4,
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
}


def both_formats(model, run, least):
    """Seconds of run(model), with pictures as they are and with channels last."""

    def measure(memory_format):
        @torch.inference_mode()
        def step():
            run(model)

        def seconds():
            model.to(memory_format=memory_format)
            return turns.best(step, least=least)

        return seconds

    return {"torch f32": measure(torch.contiguous_format),
            "torch f32, nhwc": measure(torch.channels_last)}


def unet():
    torch.manual_seed(0)
    model = diffusers.UNet2DConditionModel(**UNET).eval()
    sample, context = torch.randn(1, 4, SIDE, SIDE), torch.randn(1, TOKENS, 768)
    return both_formats(model, lambda m: m(sample, 500, context), least=2)


def vae():
    torch.manual_seed(0)
    model = diffusers.AutoencoderKL(**VAE).eval()
    latent = torch.randn(1, 4, SIDE, SIDE)
    return both_formats(model, lambda m: m.decode(latent), least=2)


# What is measured, as diorama names it, and the peers' side.
WORK = {"image.unet.sd15-512": unet, "image.vae.sd15-512": vae}

if __name__ == "__main__":
    turns.main(__doc__, WORK, "s", f"diffusers {diffusers.__version__}")
