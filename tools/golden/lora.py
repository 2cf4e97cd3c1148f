"""LoRA files in the spellings that are about, and what diffusers and PEFT make of them.

    .venv/bin/python tools/golden/lora.py

They change the tiny UNets of unet.py, which must have been made before. golden.safetensors keeps
the UNets' outputs with each file, and with two at once.
"""

import json
import logging
import re
import sys

from bundle import ldm_unet
from common import GOLDEN, dump, say, seed
from unet import MODELS, inputs, run

import diffusers
import peft
import torch
from diffusers import (StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel,
                       training_utils)
from safetensors import safe_open
from transformers import CLIPTextModel

FOLDER = GOLDEN / "lora"
RANK = 2
ATTENTION = r"attn[12]\.(to_[qkv]|to_out\.0)$"
LAYERS = ATTENTION + r"|ff\.net\.(0\.proj|2)$|proj_(in|out)$|conv[12]$|samplers\.0\.conv$"
LAYERS += r"|time_emb_proj$|conv_shortcut$|^conv_in$|^time_embedding\.linear_1$"


def unet(name):
    return UNet2DConditionModel.from_pretrained(GOLDEN / "unet" / name, torch_dtype=torch.float32)


def modules(model, pattern):
    for name, module in model.named_modules():
        if re.search(pattern, name) and isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            yield name, module.weight.shape


def factors(shape, generator):
    """down and up of a layer's shape; a convolution's down is a convolution like it."""
    down = torch.randn(RANK, *shape[1:], generator=generator) * 0.3
    up = torch.randn(shape[0], RANK, *[1] * (len(shape) - 2), generator=generator) * 0.3
    return down, up


def kohya(model, name_of, generator):
    state = {}
    for name, shape in modules(model, LAYERS):
        key = "lora_unet_" + name_of(name).replace(".", "_")
        state[key + ".lora_down.weight"], state[key + ".lora_up.weight"] = factors(shape, generator)
        # The same for all: diffusers 0.42.1 loses attention's alphas where they differ.
        state[key + ".alpha"] = torch.tensor(3.0)
    return state


def processors(model, generator):
    state = {}
    for name, shape in modules(model, ATTENTION):
        name = re.sub(r"(attn[12])\.(to_\w+?)(\.0)?$", r"unet.\1.processor.\2_lora", name)
        name = "unet." + name.replace("unet.", "")
        state[name + ".down.weight"], state[name + ".up.weight"] = factors(shape, generator)
    return state


def load(pipeline, model, state, adapter, metadata=None):
    state, alphas = pipeline.lora_state_dict(dict(state), unet_config=model.config)
    pipeline.load_lora_into_unet(state, alphas, model, adapter_name=adapter, metadata=metadata)


def output(model, model_name, scales):
    model.set_adapters(list(scales), list(scales.values()))
    return run(model.eval(), inputs(MODELS[model_name], model.config))


def save(name, state, **metadata):
    path = FOLDER / f"{name}.safetensors"
    dump(path, state, seed=7, script="lora.py", diffusers=diffusers.__version__,
         peft=peft.__version__, **metadata)
    say(path)


def with_metadata():
    """What diffusers itself saves today: PEFT's names, and their settings as metadata."""
    model = unet("sd1")
    target = [name for name, _ in modules(model, ATTENTION + r"|conv1$")]
    config = peft.LoraConfig(r=RANK, lora_alpha=3, target_modules=target, init_lora_weights=False,
                             alpha_pattern={"conv1": 5})
    model.add_adapter(config, adapter_name="default")
    state = peft.utils.get_peft_model_state_dict(model, adapter_name="default")
    StableDiffusionPipeline.save_lora_weights(
        FOLDER, unet_lora_layers=state, weight_name="sd1-peft.safetensors",
        **training_utils._collate_lora_metadata({"unet": model}))
    path = FOLDER / "sd1-peft.safetensors"
    with safe_open(path, framework="pt") as f:
        saved = {k: f.get_tensor(k) for k in sorted(f.keys())}
        settings = json.loads(f.metadata()["lora_adapter_metadata"])
    path.unlink()
    settings["unet.target_modules"].sort()  # they were a set
    save("sd1-peft", saved, lora_adapter_metadata=settings)
    return output(model, "sd1", {"default": 1.5})


def text_encoder(generator):
    """A text encoder's LoRA in kohya's names and in diffusers' older ones, the same numbers; what
    comes of it by LoRA's own formula in the weights of transformers' model."""
    model = CLIPTextModel.from_pretrained(GOLDEN / "clip" / "clip-l", dtype=torch.float32).eval()
    with safe_open(GOLDEN / "clip" / "clip-l" / "golden.safetensors", framework="pt") as f:
        ids = f.get_tensor("input_ids").long()
    new, old = {}, {}
    for name, module in model.named_modules():
        if not re.search(r"(q_proj|v_proj|out_proj|fc1)$", name):
            continue
        down, up = factors(module.weight.shape, generator)
        module.weight.data += 0.8 * 1.5 / RANK * up @ down
        name = "text_model." + name.removeprefix("text_model.")
        key = "lora_te1_" + name.replace(".", "_")
        new[key + ".lora_down.weight"], new[key + ".lora_up.weight"] = down, up
        new[key + ".alpha"] = torch.tensor(1.5)
        key = "text_encoder." + re.sub(r"(q|v|out)_proj$", r"to_\1_lora", name)
        key += ".lora_linear_layer" if key.endswith("fc1") else ""
        old[key + ".down.weight"], old[key + ".up.weight"] = down, up
    save("text-kohya", new)
    save("text-diffusers", old)
    with torch.no_grad():
        return model(ids.reshape(2, -1)).last_hidden_state


def main():
    seed(7)
    generator = torch.Generator().manual_seed(7)
    FOLDER.mkdir(exist_ok=True)
    out, sd1, sdxl, plain = {}, unet("sd1"), unet("sdxl"), unet("sd1")

    state = kohya(sd1, lambda name: name, generator)
    save("sd1-kohya", state)
    load(StableDiffusionPipeline, sd1, state, "kohya")
    out["sd1-kohya"] = output(sd1, "sd1", {"kohya": 0.7})

    state = processors(plain, generator)
    save("sd1-processors", state)
    load(StableDiffusionPipeline, sd1, state, "processors")
    out["sd1-processors"] = output(sd1, "sd1", {"processors": 1.0})
    out["sd1-two"] = output(sd1, "sd1", {"kohya": 0.7, "processors": -0.4})

    out["sd1-peft"] = with_metadata()

    cross_up = ["Cross" in t for t in sdxl.config.up_block_types]
    state = kohya(sdxl, lambda name: ldm_unet(name + ".weight", 1, cross_up)[:-7], generator)
    save("sdxl-kohya", state)
    load(StableDiffusionXLPipeline, sdxl, state, "kohya")
    out["sdxl-kohya"] = output(sdxl, "sdxl", {"kohya": 0.7})

    for name in sorted(out):  # all but the text encoder's
        base = run(unet(name.split("-")[0]).eval(),
                   inputs(MODELS[name.split("-")[0]], sd1.config if "sd1" in name else sdxl.config))
        change = (out[name] - base).abs().max() / base.abs().max()
        print(f"{name}: changes by {change:.2f}", file=sys.stderr)
        assert change > 0.05
    out["text"] = text_encoder(generator)
    save("golden", out)


if __name__ == "__main__":
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    main()
