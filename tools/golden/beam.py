"""Goldens of beam search: what transformers' generate finds with the tiny models of lm.py.

    .venv/bin/python tools/golden/beam.py

Run lm.py first: the models are read from tests/golden/lm. One file, tests/golden/beam.safetensors,
holds CASE.prompt, CASE.ids (all returned texts, one after the other), CASE.lengths and CASE.scores;
the metadata's attrs has each case's parameters. Lengths are without the end token. Prompts are
taken whose scores lie apart, so that rounding cannot swap two texts.
"""

import sys

import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from common import GOLDEN, dump, say, seed

CASES = [  # name, model, prompt length, parameters
    ("plain", "llama3", 6, {"num_beams": 4, "max_new_tokens": 12, "length_penalty": 1.0}),
    ("many", "gpt2", 5, {"num_beams": 8, "max_new_tokens": 16, "length_penalty": 1.0}),
    ("long", "llama3", 9, {"num_beams": 4, "max_new_tokens": 20, "length_penalty": 2.0}),
    ("short", "qwen2", 7, {"num_beams": 4, "max_new_tokens": 20, "length_penalty": 0.0}),
    ("negative", "smollm", 4, {"num_beams": 3, "max_new_tokens": 10, "length_penalty": -1.0}),
    ("two", "mistral", 12, {"num_beams": 2, "max_new_tokens": 24, "length_penalty": 1.0}),
    ("ends", "llama3", 6, {"num_beams": 5, "max_new_tokens": 24, "length_penalty": 1.0,
                           "eos_token_id": [2, 3, 11, 17, 29, 40, 55, 60, 71, 83]}),
]
MARGIN = 1e-4


def run(model, prompt, params):
    ends = params.get("eos_token_id", model.config.eos_token_id)
    ends = [ends] if isinstance(ends, int) else ends
    out = model.generate(
        prompt[None], attention_mask=torch.ones_like(prompt[None]), do_sample=False,
        num_return_sequences=params["num_beams"], return_dict_in_generate=True, output_scores=True,
        early_stopping=False, pad_token_id=0, **{**params, "eos_token_id": ends},
    )
    texts = []
    for row in out.sequences[:, prompt.numel():].tolist():
        stop = next((i for i, t in enumerate(row) if t in ends), len(row))
        texts.append(row[:stop])
    return texts, out.sequences_scores


def main():
    tensors, attrs = {}, {}
    for i, (name, folder, n, params) in enumerate(CASES):
        seed(i + 1)
        model = AutoModelForCausalLM.from_pretrained(
            GOLDEN / "lm" / folder, attn_implementation="eager", dtype=torch.float32
        ).eval()
        generator = torch.Generator().manual_seed(i + 50)
        gap = 0
        while gap < MARGIN:  # the first prompt whose texts are told apart clearly
            prompt = torch.randint(4, model.config.vocab_size, (n,), generator=generator)
            texts, scores = run(model, prompt, params)
            gap = (scores[:-1] - scores[1:]).min().item()
        tensors[f"{name}.prompt"] = prompt
        tensors[f"{name}.ids"] = torch.tensor([t for text in texts for t in text])
        tensors[f"{name}.lengths"] = torch.tensor([len(text) for text in texts])
        tensors[f"{name}.scores"] = scores
        attrs[name] = {"model": folder, **params}
        print(name, [len(t) for t in texts], f"gap {gap:.1e}", file=sys.stderr)
    path = GOLDEN / "beam.safetensors"
    dump(path, tensors, seed=1, script="beam.py", attrs=attrs)
    say(path)


if __name__ == "__main__":
    logging.disable_progress_bar()
    main()
