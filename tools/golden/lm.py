"""Goldens of the language model families: tiny random models of transformers.

    .venv/bin/python tools/golden/lm.py [NAME ...]

Each folder tests/golden/lm/NAME is a genuine Hugging Face folder, read back with from_pretrained
before anything is computed, plus golden.safetensors (tests/golden/README.md lists what is in it).
The weights are large and the norms uneven on purpose: a model at its usual initialisation gives
almost flat logits, which hide a swapped head or a forgotten bias.
"""

import shutil
import sys

import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging

from common import GOLDEN, dump, say, seed, write_json

BATCH, TOKENS, PROMPT, NEW = 2, 24, 8, 64
# The smallest gap between best and second-best logit along the greedy path. Goldens of greedy
# decoding mean something only when rounding cannot change the winner.
MARGIN = 4e-3
# ... and only when the path is not two tokens in turn. The seeds below were picked for both.
VARIETY = 16

LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu"}
LLAMA3_ROPE = {
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    # 8 head channels: wavelengths 6.3, 167 and longer fall below, within and above 64..256.
    "original_max_position_embeddings": 256,
    "rope_type": "llama3",
}

# Keys as the published config.json of each family spells them (transformers 4 style, which is
# what is on the hub); "layout" says how the weights are written, see save().
MODELS = {
    "gpt2": {
        "seed": 1101, "layout": "transformers", "grads": True, "step": True,
        "config": {
            "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2",
            "activation_function": "gelu_new", "n_embd": 32, "n_head": 4, "n_inner": None,
            "n_layer": 2, "n_positions": 80, "n_ctx": 80, "vocab_size": 128,
            "layer_norm_epsilon": 1e-5, "attn_pdrop": 0.1, "embd_pdrop": 0.1, "resid_pdrop": 0.1,
            "bos_token_id": 127, "eos_token_id": 127,
        },
    },
    # The names of the first published GPT-2: no "transformer." prefix, mask buffers on board.
    "gpt2-hub": {
        "seed": 102, "layout": "gpt2-hub", "grads": False, "step": False,
        "config": {
            "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2",
            "activation_function": "gelu_new", "n_embd": 24, "n_head": 3, "n_layer": 2,
            "n_positions": 72, "n_ctx": 72, "vocab_size": 96, "layer_norm_epsilon": 1e-5,
            "bos_token_id": 95, "eos_token_id": 95,
        },
    },
    "llama2": {  # every head has its own keys; num_key_value_heads absent, as in Llama 1
        "seed": 2803, "layout": "plain", "grads": True, "step": False,
        "config": {
            **LLAMA, "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48,
            "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 128,
            "rms_norm_eps": 1e-5, "rope_scaling": None, "tie_word_embeddings": False,
            "pretraining_tp": 1, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32",
        },
    },
    "llama3": {
        "seed": 404, "layout": "plain", "grads": True, "step": True,
        "config": {
            **LLAMA, "vocab_size": 96, "hidden_size": 32, "intermediate_size": 56,
            "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
            "rope_scaling": LLAMA3_ROPE, "attention_bias": False, "mlp_bias": False,
            "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": [2, 3],
            "torch_dtype": "float32",
        },
    },
    "llama3-bf16": {
        "seed": 805, "layout": "transformers", "grads": False, "step": False,
        "dtype": torch.bfloat16,
        "config": {
            **LLAMA, "vocab_size": 128, "hidden_size": 32, "intermediate_size": 64,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 1,
            "head_dim": 8, "max_position_embeddings": 512, "rms_norm_eps": 1e-5,
            "rope_theta": 500000.0, "rope_scaling": LLAMA3_ROPE, "tie_word_embeddings": True,
            "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "bfloat16",
        },
    },
    "mistral": {
        "seed": 706, "layout": "plain", "grads": True, "step": False,
        "config": {
            "architectures": ["MistralForCausalLM"], "model_type": "mistral",
            "hidden_act": "silu", "vocab_size": 96, "hidden_size": 32, "intermediate_size": 56,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
            "sliding_window": 8, "tie_word_embeddings": False, "bos_token_id": 1,
            "eos_token_id": 2, "torch_dtype": "float32",
        },
    },
    "qwen2": {
        "seed": 607, "layout": "plain", "grads": True, "step": False,
        "config": {
            "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu",
            "vocab_size": 128, "hidden_size": 32, "intermediate_size": 64,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": 128, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
            "use_sliding_window": False, "sliding_window": 128, "max_window_layers": 2,
            "tie_word_embeddings": True, "bos_token_id": 1, "eos_token_id": 2,
            "torch_dtype": "float32",
        },
    },
    # sliding_window is smaller than the text but not in use: a loader that looks at the number
    # alone goes wrong. In two shards.
    "qwen2.5": {
        "seed": 908, "layout": "shards", "grads": True, "step": False,
        "config": {
            "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu",
            "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 1,
            "max_position_embeddings": 128, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
            "use_sliding_window": False, "sliding_window": 8, "max_window_layers": 1,
            "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2,
            "torch_dtype": "float32",
        },
    },
    "qwen3": {  # heads x head_dim = 64 is not hidden_size; config.json in transformers 5 style
        "seed": 2309, "layout": "transformers", "grads": True, "step": False,
        "config": {
            "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_act": "silu",
            "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "head_dim": 16,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "max_position_embeddings": 128, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
            "rope_scaling": None, "attention_bias": False, "use_sliding_window": False,
            "sliding_window": None, "max_window_layers": 2, "tie_word_embeddings": True,
            "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32",
        },
    },
    "smollm": {
        "seed": 310, "layout": "plain", "grads": True, "step": False,
        "config": {
            **LLAMA, "vocab_size": 128, "hidden_size": 48, "intermediate_size": 64,
            "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1,
            "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 100000,
            "rope_interleaved": False, "rope_scaling": None, "attention_bias": False,
            "tie_word_embeddings": True, "bos_token_id": 0, "eos_token_id": 0,
            "torch_dtype": "float32",
        },
    },
}


def randomise(model, value):
    """Uneven weights: matrices at 0.3, embeddings at 0.4, norms around 1, biases around 0."""
    generator = torch.Generator().manual_seed(value)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=generator)
        with torch.no_grad():
            if p.dim() == 1:
                p.copy_(0.3 * noise + (0.0 if name.endswith("bias") else 1.0))
            else:
                p.copy_(noise * (0.4 if "embed" in name or "wte" in name else 0.3))


def save(folder, model, spec):
    """Writes the folder in one of the forms that are found in the wild.

    transformers: save_pretrained as it is (config.json in transformers 5 style)
    plain:        the published config.json, one model.safetensors without tied duplicates
    shards:       the same in two files with an index
    gpt2-hub:     plain, with the names of the first GPT-2 and its mask buffers
    """
    from safetensors.torch import save_file

    if spec["layout"] == "transformers":
        model.save_pretrained(folder)
        return
    tensors = {k: v.contiguous() for k, v in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        del tensors["lm_head.weight"]
    if spec["layout"] == "gpt2-hub":
        size = model.config.n_positions
        tensors = {k.removeprefix("transformer."): v for k, v in tensors.items()}
        for layer in range(model.config.n_layer):
            mask = torch.ones(size, size).tril().reshape(1, 1, size, size)
            tensors[f"h.{layer}.attn.bias"] = mask
    if spec["layout"] != "shards":
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    else:
        shards(folder, tensors)


def shards(folder, tensors):
    """Two files and their index."""
    from safetensors.torch import save_file

    names = sorted(tensors)
    halves = names[: len(names) // 2], names[len(names) // 2 :]
    index = {"metadata": {"total_size": sum(t.nbytes for t in tensors.values())}, "weight_map": {}}
    for i, half in enumerate(halves):
        file = f"model-{i + 1:05d}-of-{len(halves):05d}.safetensors"
        save_file({k: tensors[k] for k in half}, folder / file, metadata={"format": "pt"})
        index["weight_map"].update(dict.fromkeys(half, file))
    write_json(folder / "model.safetensors.index.json", index)


def build(folder, spec):
    """Makes the folder, then opens it as a user would. Float32 and the plain attention code."""
    shutil.rmtree(folder, ignore_errors=True)
    write_json(folder / "config.json", spec["config"])
    seed(spec["seed"])
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))
    model.tie_weights()
    randomise(model, spec["seed"])
    save(folder, model.to(spec.get("dtype", torch.float32)), spec)
    for extra in folder.glob("generation_config.json"):
        extra.unlink()  # says nothing that config.json does not
    for file in folder.iterdir():
        file.chmod(0o644)
    model, report = AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32, output_loading_info=True
    )
    assert not any(report.values()), f"{folder.name}: {report}"
    return model.eval()


def forward(model, ids):
    with torch.no_grad():
        out = model(ids, output_hidden_states=True, use_cache=False)
    taps = {"input_ids": ids, "logits": out.logits}
    for i, hidden in enumerate(out.hidden_states):
        taps[f"hidden_states.{i}"] = hidden
    return taps


def greedy(model, prompt):
    """64 tokens through the cache, and the smallest margin by which one of them won."""
    model.generation_config.eos_token_id = None  # the end token is a token like any other here
    model.generation_config.pad_token_id = 0
    out = model.generate(
        prompt[None], attention_mask=torch.ones_like(prompt[None]), do_sample=False,
        max_new_tokens=NEW, use_cache=True, return_dict_in_generate=True, output_logits=True,
    )
    best = torch.stack([step[0].topk(2).values for step in out.logits])
    ids = out.sequences[0, prompt.numel() :]
    assert ids.numel() == NEW
    return {"greedy.prompt": prompt, "greedy.ids": ids}, (best[:, 0] - best[:, 1]).min().item()


def train(model, ids, step):
    """Loss, gradients and, where asked, the parameters after one clipped AdamW step."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.train()
    logits = model(ids, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    params = dict(model.named_parameters())
    taps = {"loss": loss.reshape(1)}
    taps.update({f"grad.{k}": p.grad.clone() for k, p in params.items()})
    norm = torch.nn.utils.clip_grad_norm_(params.values(), 1.0)
    taps["grad_norm"] = norm.reshape(1)
    if step:
        adamw = torch.optim.AdamW(
            params.values(), lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1
        )
        adamw.step()
        taps.update({f"step.{k}": p for k, p in params.items()})
    return taps


def golden(name, spec):
    folder = GOLDEN / "lm" / name
    model = build(folder, spec)
    generator = torch.Generator().manual_seed(spec["seed"] + 1000)
    ids = torch.randint(0, model.config.vocab_size, (BATCH, TOKENS), generator=generator)
    taps = forward(model, ids)
    tokens, margin = greedy(model, ids[0, :PROMPT])
    unique = len(set(tokens["greedy.ids"].tolist()))
    assert margin > MARGIN and unique >= VARIETY, f"{name}: {margin:.1e}, {unique}: other seed"
    taps.update(tokens)
    if spec["grads"]:
        taps.update(train(model, ids, spec["step"]))
    path = folder / "golden.safetensors"
    attrs = {"greedy_margin": round(margin, 6), "lr": 1e-3, "betas": [0.9, 0.95], "eps": 1e-8,
             "weight_decay": 0.1, "clip": 1.0}
    dump(path, taps, seed=spec["seed"], script="lm.py", attrs=attrs)
    spread = taps["logits"].std().item()
    print(f"{name}: logits std {spread:.2f}, greedy margin {margin:.1e}, {unique} tokens in use",
          file=sys.stderr)
    say(path)


if __name__ == "__main__":
    logging.disable_progress_bar()
    for name in sys.argv[1:] or MODELS:
        golden(name, MODELS[name])
