"""Goldens of CLIP's text models, tokenizer and prompts: tiny random models of transformers.

    .venv/bin/python tools/golden/clip.py [tokenizer] [models] [prompts WEBUI] [full NAME FOLDER]

tokenizer  tests/golden/tokenizers/clip: a vocabulary of CLIP's layout, trained here, with the hashes
           of tokenizer.py; tests/golden/clip/tokenizer and tokenizer_2: the same as vocab.json and
           merges.txt with the configurations that SD 1.5 and SDXL's second tokenizer are published
           with; tokenizer_5: the latter as transformers 5 saves it
models     tests/golden/clip/NAME: folders as the hub has them, and golden.safetensors
prompts    tests/golden/clip/grammar.jsonl, prompts.safetensors and embeddings/: what webui's own
           prompt_parser.py, sd_hijack_clip.py and sd_emphasis.py (WEBUI: a checkout of
           AUTOMATIC1111/stable-diffusion-webui) and diffusers' pipelines make of prompts on the tiny
           models
full       no golden: the folder of a random model in the full size of clip-l, vit-h or big-g, with
           ids.safetensors, for `diorama probe` and compare.py
"""

import json
import random
import shutil
import sys
import types

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer
from transformers.utils import logging

import lm
import tokenizer as words
from common import GOLDEN, dump, say, seed, write_json

FOLDER = GOLDEN / "clip"
MERGES = 300
BOS, EOS = "<|startoftext|>", "<|endoftext|>"
STYLES = """a photo of an astronaut riding a horse on mars, highly detailed, 8k
masterpiece, best quality, portrait of a woman in a red dress, soft light, bokeh
oil painting of a castle by the sea, dramatic sky, artstation, trending
worst quality, low quality, blurry, watermark, text, bad anatomy, extra fingers
product shot of a coffee mug on a wooden table, studio lighting, 50mm, f/1.8
cute cat wearing a hat, watercolor, pastel colors, white background, simple""".split("\n")

# The two configurations as the hub has them.
TOKEN = {"__type": "AddedToken", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
SD15 = {
    "add_prefix_space": False, "bos_token": {**TOKEN, "content": BOS}, "do_lower_case": True,
    "eos_token": {**TOKEN, "content": EOS}, "errors": "replace", "model_max_length": 77,
    "pad_token": EOS, "tokenizer_class": "CLIPTokenizer", "unk_token": {**TOKEN, "content": EOS},
}
SPECIAL = {k: {key: v for key, v in t.items() if key != "__type"} if isinstance(t, dict) else t
           for k, t in SD15.items() if k in ("bos_token", "eos_token", "pad_token", "unk_token")}


# The tokenizer ----------------------------------------------------------------------------------


def byte_alphabet():
    """The 256 characters in the order of CLIP's vocab.json: by the bytes they stand for, printable
    ones first."""
    first = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(b) for b in first] + [chr(256 + i) for i in range(256 - len(first))]


def vocabulary():
    shell = CLIPTokenizer(vocab={BOS: 0, EOS: 1}, merges=[])._tokenizer
    t = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    t.normalizer, t.pre_tokenizer = shell.normalizer, shell.pre_tokenizer
    text = words.corpus(random.Random(words.SEED))[:300] + STYLES * 60
    letters = byte_alphabet()
    # The trainer numbers last letters as it meets them, in any order, and breaks ties by number; named
    # beforehand they have the same numbers every time.
    t.train_from_iterator(text, trainers.BpeTrainer(
        vocab_size=512 + MERGES + 40, end_of_word_suffix="</w>", show_progress=False,
        special_tokens=[c + "</w>" for c in letters], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    merges = [tuple(m) for m in json.loads(t.to_str())["model"]["merges"]][:MERGES]
    names = letters + [c + "</w>" for c in letters] + ["".join(m) for m in merges] + [BOS, EOS]
    assert len(set(names)) == len(names) == 512 + MERGES + 2
    return {name: i for i, name in enumerate(names)}, merges


def pair(folder, vocab, merges, pad):
    """vocab.json, merges.txt and the two small files, in the spelling of the hub."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8")
    write_json(folder / "tokenizer_config.json", {**SD15, "pad_token": pad})
    write_json(folder / "special_tokens_map.json", {**SPECIAL, "pad_token": pad})


def tokenizers():
    vocab, merges = vocabulary()
    pair(FOLDER / "tokenizer", vocab, merges, EOS)
    pair(FOLDER / "tokenizer_2", vocab, merges, "!")
    t = Tokenizer.from_str(CLIPTokenizer(vocab=vocab, merges=merges)._tokenizer.to_str())
    lines, points = words.strings(), list(words.code_points())
    opened = CLIPTokenizer.from_pretrained(FOLDER / "tokenizer")
    for line in lines[:500] + STYLES:
        assert opened(line)["input_ids"] == t.encode(line).ids, line
    assert opened.pad_token_id == vocab[EOS]
    second = CLIPTokenizer.from_pretrained(FOLDER / "tokenizer_2")
    assert second.pad_token_id == vocab["!"]
    # As it is saved once a pipeline has used it: tokenizer.json remembers padding and truncation.
    second(STYLES[0], padding="max_length", max_length=77, truncation=True)
    second.save_pretrained(FOLDER / "tokenizer_5")
    folder = words.OUT / "clip"
    folder.mkdir(exist_ok=True)
    t.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "golden.json").write_text(json.dumps(words.golden(t, lines, points), ensure_ascii=False) + "\n", encoding="utf-8")
    say(folder / "golden.json")


# The models -------------------------------------------------------------------------------------

VOCAB = 512 + MERGES + 2
BASE = {"model_type": "clip_text_model", "vocab_size": VOCAB, "max_position_embeddings": 77,
        "layer_norm_eps": 1e-05, "attention_dropout": 0.0, "dropout": 0.0, "initializer_factor": 1.0,
        "initializer_range": 0.02, "pad_token_id": 1, "bos_token_id": 0}
MODELS = {
    # CLIP-L as SD 1.5 and SDXL have it: the wrong eos_token_id, position_ids among the weights.
    "clip-l": {"seed": 5201, "class": CLIPTextModel, "dtype": torch.float32, "config": {
        **BASE, "architectures": ["CLIPTextModel"], "eos_token_id": 2, "hidden_act": "quick_gelu",
        "hidden_size": 32, "intermediate_size": 80, "num_attention_heads": 4, "num_hidden_layers": 3,
        "projection_dim": 32, "torch_dtype": "float32", "transformers_version": "4.27.0.dev0"}},
    # SDXL's second: half precision, shards, a projection that is not square.
    "big-g": {"seed": 5202, "class": CLIPTextModelWithProjection, "dtype": torch.float16, "config": {
        **BASE, "architectures": ["CLIPTextModelWithProjection"], "eos_token_id": 2, "hidden_act": "gelu",
        "hidden_size": 40, "intermediate_size": 96, "num_attention_heads": 5, "num_hidden_layers": 3,
        "projection_dim": 28, "torch_dtype": "float16", "transformers_version": "4.32.0.dev0"}},
    # SD 2's, saved anew by transformers 5: names without text_model., the real eos_token_id.
    "vit-h": {"seed": 5203, "class": CLIPTextModel, "dtype": torch.float32, "save": True, "config": {
        **BASE, "eos_token_id": VOCAB - 1, "bos_token_id": VOCAB - 2, "hidden_act": "gelu",
        "hidden_size": 24, "intermediate_size": 64, "num_attention_heads": 3, "num_hidden_layers": 2,
        "projection_dim": 16}},
    # The same weights as clip-l, as pytorch_model.bin in bf16.
    "clip-bin": {"seed": 5201, "class": CLIPTextModel, "dtype": torch.bfloat16, "bin": True, "config": {
        **BASE, "architectures": ["CLIPTextModel"], "eos_token_id": 2, "hidden_act": "quick_gelu",
        "hidden_size": 32, "intermediate_size": 80, "num_attention_heads": 4, "num_hidden_layers": 3,
        "projection_dim": 32, "torch_dtype": "bfloat16"}},
}


def save(folder, model, spec):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if spec.get("save"):
        model.save_pretrained(folder)
        return
    write_json(folder / "config.json", spec["config"])
    tensors = {k: v.contiguous() for k, v in model.state_dict().items()}
    if spec["class"] is CLIPTextModel:
        tensors = {"text_model." + k: v for k, v in tensors.items()}
    tensors["text_model.embeddings.position_ids"] = torch.arange(77).expand(1, -1).contiguous()
    if spec.get("bin"):
        torch.save(tensors, folder / "pytorch_model.bin")
    elif spec["dtype"] == torch.float16:
        lm.shards(folder, tensors)
    else:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def open_model(name):
    """As a user would, in float32 and with the plain attention code. `name`: one of MODELS or a folder."""
    folder = FOLDER / name
    written = json.loads((folder / "config.json").read_text()).get("architectures", [])
    kind = CLIPTextModelWithProjection if "CLIPTextModelWithProjection" in written else CLIPTextModel
    model, report = kind.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True)
    extra = {k for k in report["unexpected_keys"] if not k.endswith("position_ids")}
    assert not (report["missing_keys"] or report["mismatched_keys"] or extra), (name, report)
    return model.eval()


def forward(model, ids):
    with torch.no_grad():
        out = model(ids, output_hidden_states=True)
    taps = {"input_ids": ids, "last_hidden_state": out.last_hidden_state}
    taps.update({f"hidden_states.{i}": h for i, h in enumerate(out.hidden_states)})
    if "text_embeds" in out:
        taps["text_embeds"] = out.text_embeds
    else:
        taps["pooler_output"] = out.pooler_output
    return taps


def rows_of_ids():
    """A prompt as the tokenizer pads it, and ids from all over the vocabulary."""
    t = CLIPTokenizer.from_pretrained(FOLDER / "tokenizer")
    first = t(STYLES[0], padding="max_length", max_length=77)["input_ids"]
    second = torch.randint(0, VOCAB - 2, (77,), generator=torch.Generator().manual_seed(7)).tolist()
    second[0], second[40], second[60] = VOCAB - 2, VOCAB - 1, VOCAB - 1
    return torch.tensor([first, second])


def all_models():
    for name, spec in MODELS.items():
        seed(spec["seed"])
        model = spec["class"](CLIPTextConfig(**spec["config"]))
        lm.randomise(model, spec["seed"])
        save(FOLDER / name, model.to(spec["dtype"]), spec)
        path = FOLDER / name / "golden.safetensors"
        taps = forward(open_model(name), rows_of_ids())
        if spec.get("bin"):
            taps = {k: taps[k] for k in ("input_ids", "last_hidden_state", "pooler_output")}
        dump(path, taps, seed=spec["seed"], script="clip.py")
        for file in (FOLDER / name).iterdir():
            file.chmod(0o644)
        say(path)


# Prompts ----------------------------------------------------------------------------------------

LONG = ", ".join(STYLES)
PROMPTS = [
    "a photo of an astronaut riding a horse on mars",
    "a (red:1.3) castle by the sea, [blurry] (masterpiece)",
    LONG,
    "oil painting BREAK by the sea, (dramatic sky:0.6)",
    "word " * 80 + "(end:1.2)",
    "((nested (words:1.4)) here [[and] (never closed",
    "",
    r"smile \(happy\), (curly \[x\]:1.2) back\slash :) tail:1.2)",
]


BANG = "wow !! a castle!yes"  # the pad token of SDXL's second tokenizer is in it


def grammar(parse):
    """Prompts of every shape, and the spans of webui's parser; a BREAK that brackets have changed is
    one all the same here, and what float() refuses is null."""
    r = random.Random(5204)
    pieces = ["(", ")", "[", "]", ":", ":1.2)", ":0.5)", ": 1.1 )", ":-.5)", ":+2.)", "\\", "\\(", "\\)", "\\[", "\\]", "\\\\",
              "BREAK", " BREAK ", "BREAKFAST", "a", "red", " fox", ", ", " ", "\n", "é", "猫", "1.5", ":x)", ":1.2.3)", "((", "))"]
    out = list(PROMPTS)
    while len(out) < 1600:
        out.append("".join(r.choice(pieces) for _ in range(r.randint(1, r.choice([4, 12, 30])))))
    lines = []
    for prompt in dict.fromkeys(out):
        try:
            spans = [["BREAK", None] if text == "BREAK" else [text, weight] for text, weight in parse(prompt)]
        except ValueError:
            spans = None
        lines.append(json.dumps([prompt, spans], ensure_ascii=False) + "\n")
    path = FOLDER / "grammar.jsonl"
    path.write_text("".join(lines), encoding="utf-8", newline="")
    say(path)


def webui(folder):
    """webui's modules on our models: what they import from the rest of it is stood in for."""
    sys.path.insert(0, folder)
    package = types.ModuleType("modules")
    package.__path__ = [folder + "/modules"]
    options = types.SimpleNamespace(emphasis="Original", comma_padding_backtrack=20, CLIP_stop_at_last_layers=1,
                                    sdxl_clip_l_skip=False, use_old_emphasis_implementation=False,
                                    textual_inversion_add_hashes_to_infotext=False)
    stands = {"modules": package, "modules.shared": {"opts": options},
              "modules.devices": {"device": "cpu", "torch_npu_set_device": lambda: None},
              "modules.sd_hijack": {"StableDiffusionModelHijack": object}}
    for name, members in stands.items():
        module = members if name == "modules" else types.ModuleType(name)
        if name != "modules":
            module.__dict__.update(members)
            setattr(package, name.split(".")[1], module)
        sys.modules[name] = module
    from modules import prompt_parser, sd_hijack_clip

    return prompt_parser, sd_hijack_clip, options


def nested(model):
    """webui, and diffusers where it skips layers, were written for transformers 4, whose CLIPTextModel
    holds its layers in a text_model."""
    if not hasattr(model, "text_model"):
        object.__setattr__(model, "text_model", model)
    return model


class Wrapped:
    """What webui wraps: a tokenizer and a transformer."""

    def __init__(self, name, tokenizer, layer):
        self.transformer, self.layer, self.layer_idx = nested(open_model(name)), layer, -2
        self.tokenizer = CLIPTokenizer.from_pretrained(FOLDER / tokenizer)


def prompts(folder):
    parser, clip, options = webui(folder)
    grammar(parser.parse_prompt_attention)
    hijack = types.SimpleNamespace(
        fixes=None, extra_generation_params={},
        embedding_db=types.SimpleNamespace(find_embedding_at_position=lambda tokens, at: (None, None)))
    sd = clip.FrozenCLIPEmbedderWithCustomWords(Wrapped("clip-l", "tokenizer", "last"), hijack)
    one = clip.FrozenCLIPEmbedderForSDXLWithCustomWords(Wrapped("clip-l", "tokenizer", "hidden"), hijack)
    two = clip.FrozenCLIPEmbedderForSDXLWithCustomWords(Wrapped("big-g", "tokenizer_2", "hidden"), hijack)
    two.id_pad = 0  # as its class for open_clip has it
    taps = {}
    with torch.no_grad():
        for i, prompt in enumerate(PROMPTS):
            chunks = sd.tokenize_line(prompt)[0]
            taps[f"{i}.ids"] = torch.tensor([c.tokens for c in chunks], dtype=torch.int32)
            taps[f"{i}.weights"] = torch.tensor([c.multipliers for c in chunks])
            if i in (0, 1, 3, 5):
                taps[f"{i}.sd"] = sd([prompt])[0]
        taps["2.sd"] = sd([LONG])[0][:, :8].contiguous()
        taps["1.xl"] = torch.cat([one([PROMPTS[1]]), two([PROMPTS[1]])], dim=-1)[0]
        options.CLIP_stop_at_last_layers = 2
        taps["1.skip"] = sd([PROMPTS[1]])[0]
    taps.update(pipelines())
    taps["bang.ids"] = torch.tensor(two.tokenizer(BANG, padding="max_length", max_length=77)["input_ids"])
    path = FOLDER / "prompts.safetensors"
    dump(path, taps, seed=0, script="clip.py", prompts=PROMPTS)
    say(path)


def pipelines():
    """Plain prompts, and words that stand for vectors, through diffusers' pipelines."""
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

    tokenizer = CLIPTokenizer.from_pretrained(FOLDER / "tokenizer")
    tokenizer_2 = CLIPTokenizer.from_pretrained(FOLDER / "tokenizer_2")
    sd = StableDiffusionPipeline(vae=None, text_encoder=nested(open_model("clip-l")), tokenizer=tokenizer, unet=None,
                                 scheduler=None, safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    xl = StableDiffusionXLPipeline(vae=None, text_encoder=open_model("clip-l"), text_encoder_2=open_model("big-g"),
                                   tokenizer=tokenizer, tokenizer_2=tokenizer_2, unet=None, scheduler=None)
    taps = {}
    with torch.no_grad():
        cond, uncond = sd.encode_prompt(PROMPTS[0], "cpu", 1, True, STYLES[3])
        taps["diffusers.sd"] = torch.cat([uncond, cond])
        # Negative prompts go without it there.
        taps["diffusers.sd.skip"] = sd.encode_prompt(PROMPTS[0], "cpu", 1, False, clip_skip=1)[0]
        for name, negative in (("xl", STYLES[3]), ("xl.zeros", None)):
            cond, uncond, pooled, pooled_uncond = xl.encode_prompt(PROMPTS[0], STYLES[1], "cpu", 1, True, negative)
            taps[f"diffusers.{name}"] = torch.cat([uncond, cond])
            taps[f"diffusers.{name}.pooled"] = torch.cat([pooled_uncond, pooled])
        taps["diffusers.xl.bang"] = xl.encode_prompt(BANG, None, "cpu", 1, False)[0]
        embeddings()
        folder = FOLDER / "embeddings"
        sd.load_textual_inversion(str(folder / "my-style.pt"), token="my-style")
        sd.load_textual_inversion(str(folder / "learned.bin"))
        prompt = "a photo of a <cat-toy>, my-style, soft light"
        taps["diffusers.words"] = sd.encode_prompt(prompt, "cpu", 1, False)[0]
    return taps


def embeddings():
    """The layouts in which people share them."""
    r = torch.Generator().manual_seed(5205)
    rows = lambda *shape: torch.randn(*shape, generator=r)
    folder = FOLDER / "embeddings"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": rows(3, 32)}, "name": "style", "step": 100,
                "sd_checkpoint": None, "sd_checkpoint_name": None}, folder / "my-style.pt")
    torch.save({"<cat-toy>": rows(32)}, folder / "learned.bin")
    save_file({"emb_params": rows(2, 32)}, folder / "params.safetensors")
    save_file({"clip_l": rows(2, 32), "clip_g": rows(2, 40)}, folder / "xl.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)


# Full size --------------------------------------------------------------------------------------

SIZES = {  # width, MLP, heads, layers, projection
    "clip-l": (CLIPTextModel, "quick_gelu", 768, 3072, 12, 12, 768),
    "vit-h": (CLIPTextModel, "gelu", 1024, 4096, 16, 23, 512),
    "big-g": (CLIPTextModelWithProjection, "gelu", 1280, 5120, 20, 32, 1280),
}


def full(name, folder):
    """f16 weights at the usual scale, but for keys and queries that attend unevenly, and norms and
    biases that are not ones and zeros."""
    kind, act, width, mlp, heads, layers, projection = SIZES[name]
    seed(5206)
    config = CLIPTextConfig(vocab_size=49408, hidden_size=width, intermediate_size=mlp, num_attention_heads=heads,
                            num_hidden_layers=layers, projection_dim=projection, hidden_act=act, eos_token_id=2)
    model = kind(config)
    generator = torch.Generator().manual_seed(5207)
    with torch.no_grad():
        for weight, p in model.named_parameters():
            if p.dim() == 1:
                p.add_(0.2 * torch.randn(p.shape, generator=generator))
            elif "q_proj" in weight or "k_proj" in weight:
                p.mul_(8)
    model.half().save_pretrained(folder)
    ids = torch.randint(0, 49406, (2, 77), generator=generator)
    ids[:, 0], ids[0, 9:], ids[1, 76] = 49406, 49407, 49407
    save_file({"input_ids": ids}, folder + "/ids.safetensors")


def main(what):
    if "full" in what:
        full(*what[what.index("full") + 1 :][:2])
    logging.disable_progress_bar()
    if "tokenizer" in what:
        tokenizers()
    if "models" in what:
        all_models()
    if "prompts" in what:
        prompts(what[what.index("prompts") + 1])


if __name__ == "__main__":
    main(sys.argv[1:])
