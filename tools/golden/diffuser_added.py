"""Goldens of what users put beside a model: LoRAs, learned words, other VAEs, shards.

    .venv/bin/python tools/golden/diffuser_added.py

Into tests/golden/diffuser/added/: the files, and golden.safetensors with what diffusers' pipelines
made with them on the folders "sd" and "xl" of diffuser.py, as its goldens are. VAEs are those of
vae.py. `unet/` is the UNet of "sd" as diffusers saves it in shards of the variant fp16. Each file
has to change the picture by more than any tolerance.
"""

import logging
import re
import shutil

import torch
from safetensors.torch import save_file

import diffusers
import peft
from diffusers.utils import convert_state_dict_to_diffusers, convert_state_dict_to_peft
from common import GOLDEN, dump, say, seed
from diffuser import FIXED, HEIGHT, KARRAS, WIDTH, case, edits, paints, pictures, run
from lora import ATTENTION, LAYERS, RANK, factors, modules

FOLDER = GOLDEN / "diffuser" / "added"
SEED = 41
WORDS = "a photo of a <boat> in a storm on mars"
TEXT = r"(q_proj|k_proj|v_proj|out_proj|fc1|fc2)$"
STYLE, KOHYA = ["style.safetensors", 0.7], ["kohya.safetensors", -0.9]
XL_STYLE, XL_KOHYA = ["xl-style.safetensors", 0.8], ["xl-kohya.safetensors", 0.6]
TWO_WORDS = ["boat.safetensors", "storm.pt"]
KL, TINY, TAESD = "vae/sd", "vae/tiny", "diffuser/added/taesd_decoder.pth"
CASES = [
    case("one", "euler", model="sd", loras=[STYLE]),
    case("other", "ddim", FIXED, model="sd", loras=[KOHYA], seeds=[7, 8]),
    case("two", "euler", model="sd", loras=[STYLE, KOHYA]),
    *edits(case("two_edit", "ddim", FIXED, model="sd", loras=[KOHYA, STYLE], strength=0.6)),
    case("words", "euler", model="sd", embeddings=TWO_WORDS, prompt=WORDS),
    case("words_against", "euler_ancestral", model="sd", embeddings=TWO_WORDS, seeds=[7, 8],
         negative="a storm, blurry, <boat>"),
    case("all", "dpmpp_2m", KARRAS, model="sd", loras=[STYLE, KOHYA], embeddings=TWO_WORDS,
         prompt=WORDS, vae=KL),
    case("vae", "euler", model="sd", vae=KL, seeds=[7, 8]),
    *edits(case("vae_edit", "euler", model="sd", vae=KL, strength=0.8)),
    case("taesd", "euler_ancestral", model="sd", vae=TAESD, seeds=[7, 8]),
    *edits(case("taesd_edit", "euler_ancestral", model="sd", vae=TAESD, strength=0.8)),
    *paints(case("taesd_paint", "ddim", FIXED, model="sd", vae=TAESD, strength=0.7)),
    case("xl_one", "euler", model="xl", guidance=5, loras=[XL_KOHYA]),
    case("xl_two", "euler", model="xl", guidance=5, loras=[XL_STYLE, XL_KOHYA], seeds=[7, 8]),
    case("xl_words", "euler", model="xl", guidance=5, embeddings=["xl-boat.safetensors"],
         prompt="a photo of an xl-boat on mars", negative=None),
    case("xl_tiny", "euler", model="xl", guidance=5, vae=TINY),
]
ADDED = ("loras", "embeddings", "vae")

# Files ------------------------------------------------------------------------------------------


def text_layers(encoder):
    for name, shape in modules(encoder, TEXT):
        yield "text_model." + name.removeprefix("text_model."), shape


def thin(shape, generator):
    """f16, as most files have them."""
    return [t.half() for t in factors(shape, generator)]


def peft_names(parts, generator):
    """As diffusers writes them today: no alpha, which then is the rank."""
    state = {}
    for part in ("unet", "text_encoder", "text_encoder_2"):
        if part in parts:
            layers = modules(parts[part], ATTENTION) if part == "unet" else text_layers(parts[part])
            for name, shape in layers:
                key = f"{part}.{name}"
                state[key + ".lora_A.weight"], state[key + ".lora_B.weight"] = thin(shape, generator)
    return state


def kohya_names(parts, generator):
    two = "text_encoder_2" in parts
    prefixes = {"unet": "lora_unet_", "text_encoder": "lora_te1_" if two else "lora_te_",
                "text_encoder_2": "lora_te2_"}
    state = {}
    for part, prefix in prefixes.items():
        if part in parts:
            layers = modules(parts[part], LAYERS) if part == "unet" else text_layers(parts[part])
            for name, shape in layers:
                key = prefix + name.replace(".", "_")
                down, up = thin(shape, generator)
                state |= {key + ".lora_down.weight": down, key + ".lora_up.weight": up,
                          key + ".alpha": torch.tensor(1.5)}
    return state


def write_taesd():
    """AutoencoderTiny in the author's two files, whose decoder counts its clamp as a layer."""
    state = vae_of(TAESD).half().state_dict()
    for half, first in (("encoder", 0), ("decoder", 1)):
        layers = {}
        for k, v in state.items():
            if k.startswith(half):
                number, rest = k.removeprefix(f"{half}.layers.").split(".", 1)
                layers[f"{int(number) + first}.{rest}"] = v
        torch.save(layers, FOLDER / f"taesd_{half}.pth")


def write(name, state):
    dump(FOLDER / name, state, seed=SEED, script="diffuser_added.py",
         diffusers=diffusers.__version__, peft=peft.__version__)
    say(FOLDER / name)


def write_files(generator):
    rows = lambda *shape: (0.3 * torch.randn(*shape, generator=generator)).half()
    for model, prefix in (("sd", ""), ("xl", "xl-")):
        parts = parts_of(model)
        write(prefix + "style.safetensors", peft_names(parts, generator))
        write(prefix + "kohya.safetensors", kohya_names(parts, generator))
    save_file({"<boat>": rows(2, 16)}, FOLDER / "boat.safetensors")
    torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": rows(1, 16)},
                "name": "storm", "step": 9, "sd_checkpoint": None, "sd_checkpoint_name": None},
               FOLDER / "storm.pt")
    save_file({"clip_l": rows(2, 12), "clip_g": rows(2, 16)}, FOLDER / "xl-boat.safetensors")
    write_taesd()
    parts_of("sd")["unet"].half().save_pretrained(FOLDER / "unet", variant="fp16",
                                                  max_shard_size="60KB")
    shutil.copy(GOLDEN / "diffuser/sd/unet/config.json", FOLDER / "unet")  # its own says from where
    for file in FOLDER.rglob("*.*"):
        file.chmod(0o644)


# Runs -------------------------------------------------------------------------------------------


def pipeline(model):
    kind = diffusers.StableDiffusionXLPipeline if model == "xl" else diffusers.StableDiffusionPipeline
    extra = {"add_watermarker": False} if model == "xl" else {"safety_checker": None}
    return kind.from_pretrained(GOLDEN / "diffuser" / model, torch_dtype=torch.float32,
                                local_files_only=True, **extra)


def used(pipe):
    return {k: v for k, v in pipe.components.items()
            if v is not None and k not in ("feature_extractor", "safety_checker")}


def parts_of(model):
    return used(pipeline(model))


def vae_of(name):
    kind = diffusers.AutoencoderKL if name == KL else diffusers.AutoencoderTiny
    vae = kind.from_pretrained(GOLDEN / (TINY if name == TAESD else name),
                               torch_dtype=torch.float32)
    return vae.half().float() if name == TAESD else vae


def add_words(pipe, name):
    path = FOLDER / name
    if name.startswith("xl"):
        from safetensors.torch import load_file
        state = load_file(path)
        pipe.load_textual_inversion(state["clip_l"], token="xl-boat",
                                    text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer)
        pipe.load_textual_inversion(state["clip_g"], token="xl-boat",
                                    text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2)
    else:
        pipe.load_textual_inversion(str(path), token="storm" if name == "storm.pt" else None)


def put_text(encoder, state, adapter):
    """The numbers of a text encoder's LoRA. diffusers has made its layers and set their alphas, but
    transformers 5.23 leaves those of a CLIPTextModelWithProjection as drawn."""
    state = convert_state_dict_to_peft(convert_state_dict_to_diffusers(dict(state)))
    for key, value in state.items():
        key = key if hasattr(encoder, "text_model") else key.removeprefix("text_model.")
        layer = encoder.get_parameter(key.replace(".weight", f".{adapter}.weight"))
        if not hasattr(encoder, "text_model"):
            assert torch.equal(layer, value.float()), key
        layer.data.copy_(value)


def add_lora(pipe, file, adapter):
    pipe.load_lora_weights(FOLDER, weight_name=file, adapter_name=adapter)
    state = pipe.lora_state_dict(FOLDER, weight_name=file, unet_config=pipe.unet.config)[0]
    for part in ("text_encoder", "text_encoder_2"):
        if hasattr(pipe, part):
            text = {k.removeprefix(part + "."): v for k, v in state.items()
                    if k.startswith(part + ".")}
            assert text, file
            put_text(getattr(pipe, part), text, adapter)
    for part in pipe.components.values():
        for module in part.modules() if isinstance(part, torch.nn.Module) else ():
            if adapter in getattr(module, "scaling", {}):
                assert module.scaling[adapter] == (1.5 / RANK if "kohya" in file else 1), file


def parts_with(c):
    pipe = pipeline(c["model"])
    names = [re.sub(r"\W", "_", file) for file, _ in c.get("loras", [])]
    for name, (file, _) in zip(names, c.get("loras", [])):
        add_lora(pipe, file, name)
    if names:
        pipe.set_adapters(names, [scale for _, scale in c["loras"]])
        assert len(pipe.get_list_adapters()) == (3 if c["model"] == "xl" else 2)
    for file in c.get("embeddings", []):
        add_words(pipe, file)
    if "vae" in c:
        pipe.vae = vae_of(c["vae"])
    return used(pipe)


def main():
    seed(SEED)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    write_files(torch.Generator().manual_seed(SEED))
    init, mask = pictures()
    tensors = {}
    for c in CASES:
        latents, picture = run(parts_with(c), c, c["model"], init, mask)
        tensors[c["name"] + ".latents"], tensors[c["name"] + ".image"] = latents, picture
        for added in ADDED:
            if added in c:
                bare = {k: v for k, v in c.items() if k != added}
                plain = run(parts_with(bare), bare, c["model"], init, mask)[1]
                change = (plain.float() - picture.float()).abs().mean()
                print(f"{c['name']}: {added} change {change:.1f} a byte")
                assert change > 1.5, c["name"]
    path = FOLDER / "golden.safetensors"
    dump(path, tensors, SEED, "diffuser_added.py", diffusers=diffusers.__version__,
         peft=peft.__version__, cases=CASES, width=str(WIDTH), height=str(HEIGHT))
    say(path)


if __name__ == "__main__":
    for library in ("diffusers", "transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)
    main()
