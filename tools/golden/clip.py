"""Goldens of CLIP's text models, tokenizer and prompts: tiny random models of transformers.

    .venv/bin/python tools/golden/clip.py [tokenizer] [models] [prompts WEBUI]

tokenizer  tests/golden/tokenizers/clip: a vocabulary of CLIP's layout, trained here, with the hashes
           of tokenizer.py; tests/golden/clip/tokenizer and tokenizer_2: the same as vocab.json and
           merges.txt with the configurations that SD 1.5 and SDXL's second tokenizer are published with
models     tests/golden/clip/NAME: folders as the hub has them, and golden.safetensors
prompts    tests/golden/clip/grammar.jsonl, prompts.safetensors and embeddings/: what webui's own
           prompt_parser.py, sd_hijack_clip.py and sd_emphasis.py (WEBUI: a checkout of
           AUTOMATIC1111/stable-diffusion-webui) and diffusers' pipelines make of prompts on the tiny
           models
"""

import json
import random
import shutil
import sys

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer
from transformers.utils import logging

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
    t.train_from_iterator(text, trainers.BpeTrainer(
        vocab_size=512 + MERGES + 40, end_of_word_suffix="</w>", show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    merges = [tuple(m) for m in json.loads(t.to_str())["model"]["merges"]][:MERGES]
    letters = byte_alphabet()
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
    assert CLIPTokenizer.from_pretrained(FOLDER / "tokenizer_2").pad_token_id == vocab["!"]
    folder = words.OUT / "clip"
    folder.mkdir(exist_ok=True)
    t.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "golden.json").write_text(json.dumps(words.golden(t, lines, points), ensure_ascii=False) + "\n", encoding="utf-8")
    say(folder / "golden.json")


def main(what):
    logging.disable_progress_bar()
    if "tokenizer" in what or not what:
        tokenizers()


if __name__ == "__main__":
    main(sys.argv[1:])
