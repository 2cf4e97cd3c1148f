"""Goldens of the vocoders: HiFi-GAN (its authors' and transformers'), MelGAN, Vocos, EnCodec.

    .venv/bin/python tools/golden/vocoder.py --hifigan DIR --melgan DIR [NAME ...]

The directories are checkouts of github.com/jik876/hifi-gan and descriptinc/melgan-neurips, of which
only the generators' files are run; what they import besides is replaced by empty modules. vocos is the
authors' package. Models are random and tiny, but for hifigan-v2, which has its published size; each is
written as its authors publish theirs.
"""

import argparse
import json
import subprocess
import sys
import types
from pathlib import Path

import torch

from common import GOLDEN, dump, say, seed, write_json

OUT = GOLDEN / "vocoder"
CASES = {
    "speecht5": 4101,
    "speecht5-norm": 4102,
    "hifigan-v1": 4103,
    "hifigan-v2": 4110,
    "hifigan-v3": 4104,
    "melgan": 4105,
    "vocos": 4106,
    "vocos-same": 4107,
    "vocos-encodec": 4108,
    "encodec": 4109,
}


def module(name, source=None, **values):
    m = types.ModuleType(name)
    m.__dict__.update(values)
    sys.modules[name] = m
    if source:
        exec(compile(source, name, "exec"), m.__dict__)
    return m


def show(folder, path):
    return subprocess.run(["git", "-C", folder, "show", f"HEAD:{path}"], check=True,
                          capture_output=True, text=True).stdout


def hifigan_authors(folder):
    source = show(folder, "utils.py")
    keep = [f for f in source.split("\n\n\n") if "def init_weights" in f or "def get_padding" in f]
    module("utils", "\n\n".join(["import torch", *keep]))
    return module("hifigan_models", show(folder, "models.py"))


def melgan_authors(folder):
    module("librosa", __path__=[])
    module("librosa.filters", mel=None)
    return module("melgan_modules", show(folder, "mel2wav/modules.py"))


@torch.no_grad()
def randomise(model, value):
    """Weights that keep a signal's size, so that no layer's mistake hides in small numbers."""
    generator = torch.Generator().manual_seed(value)
    for name, p in model.named_parameters():
        if name.endswith("weight_g") or name.endswith("original0"):
            p.copy_(0.7 + 0.6 * torch.rand(p.shape, generator=generator))
        elif p.dim() >= 2:
            fan = p[0].numel() if "up" not in name else p.shape[0] * 2
            p.copy_(torch.randn(p.shape, generator=generator) / fan**0.5)
        else:
            p.copy_(0.1 * torch.randn(p.shape, generator=generator))


def hook(model, wanted, taps):
    def keep(name):
        return lambda m, inputs, output: taps.__setitem__(f"tap.{name}", output.clone())

    for name, m in model.named_modules():
        if wanted(name):
            m.register_forward_hook(keep(name))


def write(name, tensors):
    path = OUT / f"{name}.safetensors"
    dump(path, tensors, seed=CASES[name], script="vocoder.py")
    for file in [*sorted((OUT / name).iterdir()), path]:
        say(file)


def mel(value, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(value + 1000))


def main_layers(name):
    parts = name.split(".")
    return name in ("conv_pre", "conv_post") or (parts[0] in ("ups", "upsampler", "resblocks") and
                                                 len(parts) == 2)


SMALL = {"upsample_rates": [4, 2], "upsample_kernel_sizes": [8, 4], "upsample_initial_channel": 16,
         "resblock_kernel_sizes": [3, 7], "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]]}


def speecht5(name, value):
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    config = SpeechT5HifiGanConfig(model_in_dim=8, sampling_rate=16000, **SMALL)
    model = SpeechT5HifiGan(config).eval()
    if name.endswith("norm"):
        model.apply_weight_norm()
    randomise(model, value)
    with torch.no_grad():
        model.mean.copy_(torch.linspace(-1, 1, 8))
        model.scale.copy_(torch.linspace(0.5, 2, 8))
    taps = {}
    hook(model, main_layers, taps)
    x = mel(value, 2, 21, 8)
    y = model(x)
    (OUT / name).mkdir(parents=True, exist_ok=True)
    write_json(OUT / name / "config.json", json.loads(config.to_json_string()))
    dump(OUT / name / "model.safetensors", model.state_dict(), seed=value, script="vocoder.py")
    write(name, {"x": x, "y": y, **taps})


# As the authors' config_v2.json has it.
V2 = {"upsample_rates": [8, 8, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4], "upsample_initial_channel": 128,
      "resblock_kernel_sizes": [3, 7, 11], "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
      "n_fft": 1024, "hop_size": 256, "win_size": 1024, "fmin": 0, "fmax": 8000}


def hifigan(name, value, models):
    config = {"resblock": "1", "num_mels": 80, "sampling_rate": 22050, "hop_size": 8, "fmax_for_loss": None,
              **SMALL}
    if name.endswith("v3"):
        config |= {"resblock": "2", "resblock_kernel_sizes": [3, 5, 7],
                   "resblock_dilation_sizes": [[1, 2], [2, 6], [3, 12]]}
    if name.endswith("v2"):
        config |= V2
    model = models.Generator(types.SimpleNamespace(**config)).eval()
    randomise(model, value)
    weights = model.state_dict()
    if name.endswith("v2"):  # a million of them: kept as halves
        weights = {key: w.half() for key, w in weights.items()}
        model.load_state_dict({key: w.float() for key, w in weights.items()})
    taps = {}
    hook(model, main_layers, taps)
    x = mel(value, 1, 80, 5) if name.endswith("v2") else mel(value, 2, 80, 17)
    y = model(x)[:, 0]
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", config)
    torch.save({"generator": weights}, folder / "g_00000100")
    write(name, {"x": x.transpose(1, 2).contiguous(), "y": y, **taps})


def melgan(name, value, modules):
    model = modules.Generator(8, 2, 2).eval()
    randomise(model, value)
    taps = {}
    kinds = (torch.nn.Conv1d, torch.nn.ConvTranspose1d, modules.ResnetBlock)
    hook(model, lambda n: n.count(".") == 1 and isinstance(model.get_submodule(n), kinds), taps)
    x = mel(value, 2, 8, 7)
    y = model(x)[:, 0]
    (OUT / name).mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), OUT / name / "best_netG.pt")
    write(name, {"x": x.transpose(1, 2).contiguous(), "y": y, **taps})


def stand_in_for_torchaudio():
    """vocos imports it for the mel features and for STFTs that no decoder takes. Its buffers in a
    published file are made here by hand: a loader has to pass over them."""

    class MelSpectrogram(torch.nn.Module):
        def __init__(self, sample_rate, n_fft, hop_length, n_mels, center, power):
            super().__init__()
            self.spectrogram, self.mel_scale = torch.nn.Module(), torch.nn.Module()
            self.spectrogram.register_buffer("window", torch.hann_window(n_fft))
            self.mel_scale.register_buffer("fb", torch.rand(n_fft // 2 + 1, n_mels))

    module("torchaudio", __path__=[], transforms=types.SimpleNamespace(MelSpectrogram=MelSpectrogram))
    module("torchaudio.functional", __path__=[])
    module("torchaudio.functional.functional", _hz_to_mel=None, _mel_to_hz=None)


def part(path, **args):
    return {"class_path": path, "init_args": args}


def yaml_of(tree, indent=0):
    lines = []
    for key, value in tree.items():
        if isinstance(value, dict):
            lines += [" " * indent + f"{key}:", yaml_of(value, indent + 2)]
        else:
            lines.append(" " * indent + f"{key}: {value}")
    return "\n".join(lines)


def encodec_features(bandwidths, value):
    """The class's own, without the download that its constructor begins: a table of codes is all that
    decoding reads. Codes above 15 are all zero, so that the file packs well."""
    from vocos.feature_extractors import EncodecFeatures

    features = EncodecFeatures.__new__(EncodecFeatures)
    torch.nn.Module.__init__(features)
    books = int(max(bandwidths) * 1000 / 750)
    table = torch.zeros(books, 1024, 128)
    table[:, :16] = torch.randn((books, 16, 128), generator=torch.Generator().manual_seed(value + 2000))
    features.codebook_weights = torch.nn.Parameter(table.reshape(-1, 128).half().float(), requires_grad=False)
    features.encodec = types.SimpleNamespace(quantizer=types.SimpleNamespace(bins=1024))
    return features


@torch.no_grad()
def vocos(name, value):
    stand_in_for_torchaudio()
    from vocos.feature_extractors import MelSpectrogramFeatures
    from vocos.heads import ISTFTHead
    from vocos.models import VocosBackbone
    from vocos.pretrained import Vocos

    codes, padding = name.endswith("encodec"), "center" if name == "vocos" else "same"
    width = 128 if codes else 8
    more = {"adanorm_num_embeddings": 2} if codes else {}
    source = {"encodec_model": "encodec_24khz", "bandwidths": [0.75, 1.5]} if codes else {
        "sample_rate": 24000, "n_fft": 32, "hop_length": 8, "n_mels": 8, "padding": padding}
    backbone = {"input_channels": width, "dim": 24, "intermediate_dim": 40, "num_layers": 3, **more}
    head = {"dim": 24, "n_fft": 32, "hop_length": 8, "padding": padding}
    model = Vocos(encodec_features(source["bandwidths"], value) if codes else MelSpectrogramFeatures(**source),
                  VocosBackbone(**backbone), ISTFTHead(**head)).eval()
    randomise(model.backbone, value)
    randomise(model.head, value + 1)
    model.head.out.bias[3] = 6  # magnitudes above the limit of 100
    taps = {}
    hook(model, lambda n: n in ("backbone.embed", "backbone.final_layer_norm", "head.out") or
         (n.startswith("backbone.convnext.") and n.count(".") == 2), taps)
    if codes:
        x = torch.randint(0, 16, (1, 2, 13), generator=torch.Generator().manual_seed(value + 1000))
        features = model.codes_to_features(x.transpose(0, 1))
        y = model.decode(features, bandwidth_id=torch.tensor([1]))
        x = x.int()
    else:
        features = mel(value, 2, 8, 13)
        y = model.decode(features)
        x = features.transpose(1, 2).contiguous()
    taps = {k: v.transpose(1, 2).contiguous() if ".convnext." in k else v for k, v in taps.items()}
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    prefix = "vocos.feature_extractors."
    tree = {"feature_extractor": part(prefix + ("EncodecFeatures" if codes else "MelSpectrogramFeatures"), **source),
            "backbone": part("vocos.models.VocosBackbone", **backbone),
            "head": part("vocos.heads.ISTFTHead", **head)}
    (folder / "config.yaml").write_text(yaml_of(tree) + "\n")
    state = dict(model.state_dict())
    if codes:
        state["feature_extractor.codebook_weights"] = state["feature_extractor.codebook_weights"].half()
    torch.save(state, folder / "pytorch_model.bin")
    write(name, {"x": x, "y": y, **taps})


def encodec(name, value):
    from transformers import EncodecConfig, EncodecModel

    config = EncodecConfig(target_bandwidths=[0.75, 3.0], sampling_rate=1200, hidden_size=8, num_filters=4,
                           num_residual_layers=2, upsampling_ratios=[4, 2], codebook_size=16)
    model = EncodecModel(config).eval()
    randomise(model, value)
    generator = torch.Generator().manual_seed(value + 1000)
    for layer in model.quantizer.layers:
        layer.codebook.embed.copy_(torch.randn(layer.codebook.embed.shape, generator=generator))
    taps = {}
    hook(model, lambda n: n.startswith("decoder.layers.") and n.count(".") == 2 and
         type(model.get_submodule(n)) is not torch.nn.ELU, taps)
    x = torch.randint(0, 16, (2, 5, 17), generator=generator)
    y = model.decoder(model.quantizer.decode(x.transpose(0, 1)))[:, 0]
    (OUT / name).mkdir(parents=True, exist_ok=True)
    write_json(OUT / name / "config.json", json.loads(config.to_json_string()))
    dump(OUT / name / "model.safetensors", model.state_dict(), seed=value, script="vocoder.py")
    write(name, {"x": x.int(), "y": y, **taps})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hifigan", type=Path, required=True)
    parser.add_argument("--melgan", type=Path, required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    for name in args.names or CASES:
        value = CASES[name]
        seed(value)
        with torch.no_grad():
            if name.startswith("speecht5"):
                speecht5(name, value)
            elif name.startswith("hifigan"):
                hifigan(name, value, hifigan_authors(args.hifigan))
            elif name == "melgan":
                melgan(name, value, melgan_authors(args.melgan))
            elif name == "encodec":
                encodec(name, value)
            else:
                vocos(name, value)


if __name__ == "__main__":
    main()
