"""Goldens of VITS: tiny voices of transformers' VitsModel, with one speaker and with several.

    .venv/bin/python tools/golden/vits.py [NAME ...]

Each folder is as transformers publishes voices; the spelling of weight norm differs from one to the
next. NAME.safetensors has the ids, the taps and the sound with both scales of noise 0, and once more the
durations with noise that the file gives. tokens.json holds texts and the numbers of VitsTokenizer.
"""

import json
import sys

import torch
from transformers import VitsConfig, VitsModel, VitsTokenizer

from common import GOLDEN, dump, say, seed, write_json

OUT = GOLDEN / "vits"
SYMBOLS = "k'zyuds-xe0q6n a_goiltbwhvrfcjpm"
SMALL = {"vocab_size": len(SYMBOLS), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
         "window_size": 4, "ffn_dim": 24, "flow_size": 8, "spectrogram_bins": 9,
         "duration_predictor_filter_channels": 12, "prior_encoder_num_flows": 3,
         "prior_encoder_num_wavenet_layers": 2, "posterior_encoder_num_wavenet_layers": 1,
         "upsample_initial_channel": 16, "upsample_rates": [4, 2], "upsample_kernel_sizes": [8, 4],
         "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 3], [1, 3]], "noise_scale": 0.0,
         "noise_scale_duration": 0.0}
CASES = {
    "mms": {"seed": 5101, "spelling": "g", "config": {}},
    "speakers": {"seed": 5102, "spelling": "original", "speaker": 2,
                 "config": {"num_speakers": 3, "speaker_embedding_size": 6}},
    "computed": {"seed": 5103, "spelling": "plain", "speaker": 1,
                 "config": {"use_stochastic_duration_prediction": False, "num_speakers": 2,
                            "speaker_embedding_size": 5}},
}
TEXTS = ["Hello, World! It took 12 days.", "kick the kettle", "look kk", "K", "  a  b ", "A-B_c 'tis", "\u00c9t\u00e9 x"]


@torch.no_grad()
def randomise(model, value):
    generator = torch.Generator().manual_seed(value)
    for name, p in model.named_parameters():
        if name.endswith("original0"):
            p.copy_(0.7 + 0.6 * torch.rand(p.shape, generator=generator))
        elif "norm" in name and name.endswith("weight"):
            p.copy_(1 + 0.1 * torch.randn(p.shape, generator=generator))
        elif p.dim() >= 2 and "flows.0." not in name:
            fan = p[0].numel() if "upsampler" not in name else p.shape[0] * 2
            p.copy_(torch.randn(p.shape, generator=generator) / fan**0.5)
        else:
            p.copy_(0.2 * torch.randn(p.shape, generator=generator))
    predictor = model.duration_predictor
    if hasattr(predictor, "flows"):
        predictor.flows[0].translate.copy_(torch.tensor([[-1.0], [0.3]]))
    else:
        predictor.proj.bias.fill_(1.0)


def spelled(state, how):
    pairs = {".parametrizations.weight.original0": ".weight_g", ".parametrizations.weight.original1": ".weight_v"}
    out = {}
    for name, tensor in state.items():
        for old, new in pairs.items():
            if how == "g" and name.endswith(old):
                name = name.removesuffix(old) + new
        out[name] = tensor
    if how == "plain":
        for name in [n for n in out if n.endswith("original0")]:
            stem = name.removesuffix(".parametrizations.weight.original0")
            g, v = out.pop(name), out.pop(name[:-1] + "1")
            out[f"{stem}.weight"] = torch._weight_norm(v, g, 0)
    return out


def hook(model, taps):
    def keep(name):
        def fn(m, inputs, output):
            taps[f"tap.{name}"] = (output[0] if isinstance(output, tuple) else output).clone()
        return fn

    for name, m in model.named_modules():
        parts = name.split(".")
        if (name in ("text_encoder.project", "duration_predictor", "duration_predictor.conv_dds",
                     "duration_predictor.conv_proj", "decoder.conv_pre", "decoder.conv_post")
                or (len(parts) == 4 and name.startswith("text_encoder.encoder.layers."))
                or (len(parts) == 3 and parts[-2] in ("flows", "upsampler", "resblocks")
                    and "post" not in name and name != "duration_predictor.flows.1")):
            m.register_forward_hook(keep(name))


def noisy_durations(model, ids, speaker, noise):
    """The durations for noise that is given: torch's draw is replaced by it for one call."""
    draw = torch.randn
    torch.randn = lambda *shape, **more: noise
    try:
        captured = {}
        handle = model.duration_predictor.register_forward_hook(lambda m, i, o: captured.__setitem__("d", o.clone()))
        model.noise_scale_duration = 1.0
        model(ids, speaker_id=speaker)
        handle.remove()
    finally:
        torch.randn = draw
        model.noise_scale_duration = 0.0
    return captured["d"]


@torch.no_grad()
def golden(name, case):
    seed(case["seed"])
    config = VitsConfig(**{**SMALL, **case["config"]})
    model = VitsModel(config).eval()
    randomise(model, case["seed"])
    folder, speaker = OUT / name, case.get("speaker")
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(case["seed"] + 1000)
    ids = torch.randint(0, len(SYMBOLS), (1, 19), generator=generator)
    taps = {}
    hook(model, taps)
    out = model(ids, speaker_id=speaker)
    log = taps["tap.duration_predictor"][:, 0]
    frames = torch.exp(log)
    durations = torch.ceil(frames)
    assert (frames - frames.round()).abs().min() > 2e-3, f"{name}: a duration that rounding could tip"
    assert 20 < durations.sum() < 400, f"{name}: {durations.sum()} frames"
    tensors = {"ids": ids.int(), "durations": durations.int(), "spectrogram": out.spectrogram, "y": out.waveform, **taps}
    if config.use_stochastic_duration_prediction:
        noise = torch.randn((1, 2, 19), generator=generator) * 2.5  # some beyond the splines' tails
        tensors |= {"noise": noise, "noisy": noisy_durations(model, ids, speaker, noise)[:, 0]}
    write_json(folder / "config.json", json.loads(config.to_json_string()))
    dump(folder / "model.safetensors", spelled(model.state_dict(), case["spelling"]), seed=case["seed"], script="vits.py")
    (folder / "vocab.json").write_text(json.dumps({c: i for i, c in enumerate(SYMBOLS)}) + "\n")
    write_json(folder / "tokenizer_config.json",
               {"add_blank": True, "is_uroman": False, "language": "eng", "normalize": True, "pad_token": "k",
                "phonemize": False, "tokenizer_class": "VitsTokenizer", "unk_token": "<unk>"})
    dump(OUT / f"{name}.safetensors", tensors, seed=case["seed"], script="vits.py", speaker=speaker or 0)
    for file in [*sorted(folder.iterdir()), OUT / f"{name}.safetensors"]:
        say(file)


def tokens():
    tokenizer = VitsTokenizer.from_pretrained(OUT / "mms")
    rows = [{"text": t, "prepared": tokenizer.prepare_for_tokenization(t)[0], "ids": tokenizer(t)["input_ids"]}
            for t in TEXTS]
    (OUT / "tokens.json").write_text(json.dumps(rows, indent=1) + "\n")
    say(OUT / "tokens.json")


def main():
    for name in sys.argv[1:] or CASES:
        golden(name, CASES[name])
    tokens()


if __name__ == "__main__":
    main()
