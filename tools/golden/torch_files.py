"""Goldens of checkpoints as torch.save writes them, for the restricted reader of tensor/weights.

    .venv/bin/python tools/golden/torch_files.py

tests/golden/torch/NAME.EXT is written by torch.save, and NAME.safetensors beside it holds what a
loader has to find there: every tensor dense, under the name that the keys on the way to it give.
`like` in its metadata names the file it belongs to.

The zip format gives the same bytes every time. The older one names storages by their addresses, so
such a file is kept as it is while torch still reads the same from it.
"""

import argparse
import shutil
import sys
import types

import numpy
import torch

from common import GOLDEN, dump, say, seed, write_json

SEED = 811
FOLDER = GOLDEN / "torch"


def state_dict():
    """Every type of numbers, every odd way to lie in a storage, storages that are shared."""
    big = torch.randn(8)
    tied = torch.randn(3, 2)
    tensors = {
        "f32": torch.randn(3, 4),
        "f16": torch.randn(2, 3).half(),
        "bf16": torch.randn(2, 3).bfloat16(),
        "f64": torch.randn(2, 3).double(),
        "i8": torch.randint(-128, 128, (2, 3), dtype=torch.int8),
        "u8": torch.randint(0, 256, (2, 3), dtype=torch.uint8),
        "i32": torch.randint(-(2**31), 2**31, (2, 3), dtype=torch.int32),
        "i64": torch.randint(-(2**62), 2**62, (2, 3)),
        "bool": torch.tensor([[True, False, True], [False, False, True]]),
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 5),
        "transposed": torch.randn(3, 5).t(),
        "transposed.bf16": torch.randn(3, 5).bfloat16().t(),
        "slice": torch.randn(6, 7)[1:5:2, 2:6:3],
        "expanded": torch.randn(4, 1).expand(4, 3),
        "permuted": torch.randn(2, 3, 4, 5).permute(3, 1, 0, 2),
        "channels_last": torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
        "six": torch.randn(1, 2, 1, 2, 2, 3).transpose(1, 5),
        "ones": torch.randn(3).as_strided((1, 3, 1), (77, 1, 9)),
        "whole": big,
        "first": big[:4],
        "second": big[4:],
        "column": big.view(2, 4)[:, 1],
        "tied.a": tied,
        "tied.b": tied,
        "parameter": torch.nn.Parameter(torch.randn(2, 2)),
        "r\u00e9seau": torch.randn(2),
    }
    state = torch.nn.Module().state_dict()  # an OrderedDict with an attribute, as models give it
    state.update(tensors)
    return state


def lightning(state):
    """What Stable Diffusion's first checkpoints hold beside the weights."""
    name = "pytorch_lightning.callbacks.model_checkpoint"
    module = types.ModuleType(name)
    module.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": name})
    sys.modules.setdefault("pytorch_lightning", types.ModuleType("pytorch_lightning"))
    sys.modules.setdefault("pytorch_lightning.callbacks", types.ModuleType("callbacks"))
    sys.modules[name] = module
    moments = {0: {"step": torch.tensor(7.0), "exp_avg": torch.randn(2, 3)}}
    return {
        "epoch": 13,
        "global_step": 470000,
        "pytorch-lightning_version": "1.4.2",
        "state_dict": state,
        "callbacks": {module.ModelCheckpoint: {"best_model_score": torch.tensor(0.25),
                                               "monitor": "val/loss", "mode": "min"}},
        "optimizer_states": [{"state": moments, "param_groups": [{"lr": 1e-4, "params": [0]}]}],
        "lr": numpy.float64(1e-4),
        "seen": {"a", "b"},
        "hparams": argparse.Namespace(width=48, device=torch.device("cpu"), dtype=torch.float16,
                                      size=torch.Size((2, 3))),
    }


def flat(value, name=""):
    """Name -> tensor, by the rule of the reader."""
    if torch.is_tensor(value):
        return {name or "tensor": value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    out = {}
    for key, item in items:
        if isinstance(item, (dict, list, tuple)) or torch.is_tensor(item):
            out.update(flat(item, f"{name}.{key}" if name else str(key)))
    return out


def same(path, value):
    """Whether torch reads from the file what would be written."""
    if not path.exists():
        return False
    old, new = flat(torch.load(path, weights_only=True)), flat(value)
    return list(old) == list(new) and all(
        a.dtype == b.dtype and a.stride() == b.stride() and torch.equal(a, b)
        for a, b in zip(old.values(), new.values())
    )


def save(name, value, truth, **options):
    path = FOLDER / name
    legacy = options.get("_use_new_zipfile_serialization") is False
    if not (legacy and same(path, value)):
        torch.save(value, path, **options)
    say(path)
    dense = {key: x.detach().contiguous() for key, x in truth.items()}
    dump(path.with_suffix(".safetensors"), dense, seed=SEED, script="torch_files.py", like=name)


def sharded():
    """Two shards of pytorch_model.bin, one of each format, and their index."""
    folder = FOLDER / "sharded"
    folder.mkdir(parents=True, exist_ok=True)
    shards = {
        "pytorch_model-00001-of-00002.bin": {"a.weight": torch.randn(3, 2), "a.bias": torch.ones(3)},
        "pytorch_model-00002-of-00002.bin": {"b.weight": torch.randn(2, 3).half().t()},
    }
    index = {"metadata": {"total_size": 48}, "weight_map": {}}
    for i, (name, state) in enumerate(shards.items()):
        path = folder / name
        if i or not same(path, state):
            torch.save(state, path, _use_new_zipfile_serialization=bool(i))
        index["weight_map"].update({key: name for key in state})
        say(path)
    write_json(folder / "pytorch_model.bin.index.json", index)
    truth = {key: x.contiguous() for state in shards.values() for key, x in state.items()}
    dump(folder / "truth.safetensors", truth, seed=SEED, script="torch_files.py", like="sharded")


def language_model():
    """A model's folder without safetensors: the numbers are those of lm/llama3-bf16."""
    from safetensors.torch import load_file

    folder, model = FOLDER / "llama3-bf16", GOLDEN / "lm" / "llama3-bf16"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model / "config.json", folder / "config.json")
    state = load_file(model / "model.safetensors")
    torch.save({key: state[key] for key in sorted(state)}, folder / "pytorch_model.bin")
    say(folder / "pytorch_model.bin")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    seed(SEED)
    old = {"_use_new_zipfile_serialization": False}
    state = state_dict()
    save("zip.pth", state, flat(state))
    save("zip4.pth", state, flat(state), pickle_protocol=4)
    save("legacy.pth", state, flat(state), **old)
    save("legacy4.pth", state, flat(state), **old, pickle_protocol=4)
    weights = {"conv.weight": torch.randn(4, 3, 3, 3), "conv.bias": torch.randn(4)}
    save("lightning.ckpt", lightning(weights), weights)
    ema = {key: 2 * x for key, x in weights.items()}
    save("ema.pth", {"params": weights, "params_ema": ema}, ema)
    save("params.pth", {"params": weights, "iter": 400}, weights)
    nested = {"generator": {"conv": weights["conv.weight"], "list": [torch.ones(2), torch.zeros(1)]},
              "steps": 5, 3: torch.arange(3)}
    save("nested.pt", nested, flat(nested))
    one = torch.randn(2, 1, 4)
    save("one.pt", one, {"tensor": one})
    vector = torch.nn.Parameter(torch.randn(2, 6))
    save("embedding.pt",
         {"string_to_token": {"*": torch.tensor(265)},
          "string_to_param": torch.nn.ParameterDict({"*": vector}), "name": "style", "step": 99},
         {"string_to_token.*": torch.tensor(265), "string_to_param.*": vector})
    sharded()
    language_model()


if __name__ == "__main__":
    main()
