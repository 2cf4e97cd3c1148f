"""Voices: diorama beside Piper's own package and transformers on the CPU, in turns, on the same networks.

A medium Piper voice, exported to ONNX from the package's own network, is what `piper-tts` runs by
onnxruntime; MMS' VITS is what transformers runs by PyTorch, eager, in f32. Weights are drawn:
nothing is downloaded. Both sides have the model open and are given numbers of symbols, so that
nobody's text rules count, and both are asked for as many frames: drawn weights do not know how long
a symbol lasts, so peers get the speed at which it comes to that, without noise, and diorama has the
frames set after it has predicted them. A figure is seconds of work for a second of sound.
"""

import importlib.metadata
import json
import logging
import sys
import tempfile
import warnings
from pathlib import Path

import onnxruntime
import torch
import transformers
from piper import PiperConfig, PiperVoice, SynthesisConfig
from piper.train.vits.models import SynthesizerTrn

import turns

SYMBOLS = 161  # as bench/bench_audio.c has them, and its frames
PIPER = {"frames": 431, "hop": 256, "rate": 22050}
MMS = {"frames": 313, "hop": 256, "rate": 16000}

MEDIUM = {
    "n_vocab": 256, "spec_channels": 513, "segment_size": 32, "inter_channels": 192, "hidden_channels": 192,
    "filter_channels": 768, "n_heads": 2, "n_layers": 6, "kernel_size": 3, "p_dropout": 0.1, "resblock": "2",
    "resblock_kernel_sizes": (3, 5, 7), "resblock_dilation_sizes": ((1, 2), (2, 6), (3, 12)),
    "upsample_rates": (8, 8, 4), "upsample_initial_channel": 256, "upsample_kernel_sizes": (16, 16, 8),
}


def pace(samples, size):
    """The scale of lengths at which samples(scale) gives about as many frames as wanted."""
    scale = 1.0
    for _ in range(20):
        off = samples(scale) / size["hop"] / size["frames"]
        if abs(off - 1) < 0.03:
            return scale
        scale /= min(max(off, 0.25), 4)
    sys.exit(f"no speed found at which drawn weights say {size['frames']} frames")


@torch.no_grad()
def unequal(durations):
    """Fresh predictors give every symbol the same length, and then most lengths cannot be had."""
    for p in durations.parameters():
        if p.dim() >= 2 and not p.any():
            p.normal_(0, 0.3 / p[0].numel() ** 0.5)


def export(path):
    """As the package's export_onnx.py, from a network that has learned nothing."""
    torch.manual_seed(0)
    model = SynthesizerTrn(**MEDIUM).eval()
    unequal(model.dp)

    def infer(text, lengths, scales, sid=None):
        return model.infer(text, lengths, noise_scale=scales[0], length_scale=scales[1], noise_scale_w=scales[2],
                           sid=sid)[0].unsqueeze(1)

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.dec.remove_weight_norm()
        model.forward = infer
        ids = torch.randint(0, MEDIUM["n_vocab"], (1, 50), dtype=torch.long)
        torch.onnx.export(model, (ids, torch.LongTensor([50]), torch.FloatTensor([0.667, 1.0, 0.8]), None), str(path),
                          verbose=False, opset_version=15, input_names=["input", "input_lengths", "scales", "sid"],
                          output_names=["output"], dynamo=False,
                          dynamic_axes={"input": {0: "batch_size", 1: "phonemes"}, "input_lengths": {0: "batch_size"},
                                        "output": {0: "batch_size", 2: "time"}})


def piper():
    with tempfile.TemporaryDirectory() as folder:
        export(Path(folder) / "medium.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()  # the package leaves it to the machine
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(Path(folder) / "medium.onnx"), sess_options=options,
                                               providers=["CPUExecutionProvider"])
    config = {"num_symbols": MEDIUM["n_vocab"], "num_speakers": 1, "audio": {"sample_rate": PIPER["rate"]},
              "espeak": {"voice": "en-us"}, "inference": {}, "phoneme_id_map": {}, "phoneme_type": "espeak"}
    voice = PiperVoice(session=session, config=PiperConfig.from_dict(json.loads(json.dumps(config))))
    ids = [i % MEDIUM["n_vocab"] for i in range(SYMBOLS)]

    def say(scale):
        how = SynthesisConfig(length_scale=scale, noise_scale=0.0, noise_w_scale=0.0)
        return voice.phoneme_ids_to_audio(ids, how).size

    scale = pace(say, PIPER)
    heard = say(scale) / PIPER["rate"]
    return {"piper-tts": lambda: turns.best(lambda: say(scale) and None) / heard}


def mms():
    torch.manual_seed(0)
    model = transformers.VitsModel(transformers.VitsConfig()).eval()
    unequal(model.duration_predictor)
    model.noise_scale = model.noise_scale_duration = 0.0
    ids = torch.tensor([[i % model.config.vocab_size for i in range(SYMBOLS)]])

    @torch.inference_mode()
    def say(scale):
        model.speaking_rate = 1 / scale
        return model(ids).waveform.shape[-1]

    scale = pace(say, MMS)
    heard = say(scale) / MMS["rate"]
    return {"transformers": lambda: turns.best(lambda: say(scale) and None) / heard}


# What is measured, as diorama names it, and the peers' side.
WORK = {"audio.voice.piper-medium": piper, "audio.voice.mms": mms}

if __name__ == "__main__":
    logging.disable(logging.WARNING)
    turns.main(__doc__, WORK, "s/s",
               f"piper-tts {importlib.metadata.version('piper-tts')}, onnxruntime {onnxruntime.__version__}, "
               f"transformers {transformers.__version__}")
