"""Writes tests/golden/mel.safetensors: spectra and mel spectrograms in the published dialects.

    .venv/bin/python tools/golden/mel.py

Everything in float64, so that what is compared is the formula and not somebody's rounding. Spectra by
torch.stft; bands by librosa (Slaney) and torchaudio (HTK); SpeechT5's by transformers' own feature
extractor. FFT lengths with factors 3 and 5, and an odd one, come from EnCodec's and from nowhere.
"""
import librosa
import numpy
import torch

torch.version.cuda = None  # else torchaudio asks for the same one, and nothing here uses any
import torchaudio
from transformers import SpeechT5FeatureExtractor

from common import GOLDEN, dump, say, seed

SEED = 44
seed(SEED)
torch.set_default_dtype(torch.float64)
OUT = GOLDEN / "mel.safetensors"


def sound(n, rate):
    """Voiced and unvoiced, with a pause of digital silence; float32, as clips are."""
    t = torch.arange(n) / rate
    f0 = 140 + 30 * torch.sin(2 * torch.pi * 2.3 * t)
    phase = 2 * torch.pi * torch.cumsum(f0, 0) / rate
    buzz = sum(torch.sin(k * phase) / k for k in range(1, 30))
    x = 0.2 * buzz + 0.02 * torch.randn(n)
    x[n // 2:n // 2 + n // 6] = 0
    return x.float()


def framed(x, n_fft, win, hop, padding):
    pad = {"centre": n_fft // 2, "same": (n_fft - hop) // 2, "none": 0}[padding]
    x = torch.nn.functional.pad(x.double()[None], (pad, pad), mode="reflect")[0]
    return torch.stft(x, n_fft, hop, win, torch.hann_window(win), center=False, return_complex=True)


def slaney(rate, n_fft, mels, fmin, fmax):
    return torch.from_numpy(librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=mels, fmin=fmin, fmax=fmax,
                                                dtype=numpy.float64))


def hifigan(x, rate, n_fft, hop, mels, fmax):
    spec = framed(x, n_fft, n_fft, hop, "same")
    magnitude = torch.sqrt(torch.view_as_real(spec).pow(2).sum(-1) + 1e-9)
    return torch.log(torch.clamp(slaney(rate, n_fft, mels, 0, fmax) @ magnitude, min=1e-5))


def melgan(x, rate, n_fft, hop, mels):
    magnitude = framed(x, n_fft, n_fft, hop, "same").abs()
    return torch.log10(torch.clamp(slaney(rate, n_fft, mels, 0, None) @ magnitude, min=1e-5))


def vocos(x, rate):
    mel = torchaudio.transforms.MelSpectrogram(sample_rate=rate, n_fft=1024, hop_length=256, n_mels=100,
                                               center=True, power=1).double()
    return torch.log(torch.clip(mel(x.double()), min=1e-7))


def fastspeech2(x, rate):
    """ESPnet's LogMelFbank: the floor lies under the root, too."""
    power = torch.view_as_real(framed(x, 1024, 1024, 256, "centre")).pow(2).sum(-1)
    amplitude = torch.sqrt(torch.clamp(power, min=1e-10))
    return torch.log10(torch.clamp(slaney(rate, 1024, 80, 80, 7600) @ amplitude, min=1e-10))


tensors = {}
for rate in (16000, 22050, 24000, 44100):
    tensors[f"x.{rate}"] = sound(6000, rate)

x = tensors["x.24000"]
for name, n_fft, win, hop, padding in [("plain", 64, 64, 16, "centre"), ("three", 480, 400, 160, "same"),
                                       ("five", 400, 400, 100, "none"), ("encodec", 1280, 1280, 320, "same"),
                                       ("odd", 315, 300, 75, "centre")]:
    tensors[f"stft.{name}"] = torch.view_as_real(framed(x, n_fft, win, hop, padding).T.contiguous())

mels = {
    "hifigan": hifigan(tensors["x.22050"], 22050, 1024, 256, 80, 8000),
    "bigvgan-22khz-80": hifigan(tensors["x.22050"], 22050, 1024, 256, 80, 11025),
    "bigvgan-24khz-100": hifigan(tensors["x.24000"], 24000, 1024, 256, 100, 12000),
    "bigvgan-44khz-128": hifigan(tensors["x.44100"], 44100, 1024, 256, 128, 22050),
    "bigvgan-44khz-128-512": hifigan(tensors["x.44100"], 44100, 2048, 512, 128, 22050),
    "melgan": melgan(tensors["x.22050"], 22050, 1024, 256, 80),
    "vocos": vocos(tensors["x.24000"], 24000),
    "fastspeech2": fastspeech2(tensors["x.22050"], 22050),
    "speecht5": torch.from_numpy(numpy.asarray(
        SpeechT5FeatureExtractor()._extract_mel_features(tensors["x.16000"].double().numpy()),
        dtype=numpy.float64)).T,
}
mels["matcha"] = (mels["hifigan"] + 5.536622) / 2.116101
for name, value in mels.items():
    tensors[f"mel.{name}"] = value.T.contiguous()
dump(OUT, {k: v if k.startswith("x.") else v.float() for k, v in tensors.items()}, SEED, "mel.py",
     torchaudio=torchaudio.__version__.split("+")[0], librosa=librosa.__version__)
say(OUT)
