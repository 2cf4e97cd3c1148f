"""Attention, recurrence, spectra."""

import torch
import torch.nn.functional as F
from torch import nn


def attend(q, k, v, mask, causal, window, scale):
    """torch's attention in the project's layout: q [B,T,K,D], k v [B,S,Kv,D] -> [B,T,K,D]."""
    t, s = q.shape[1], k.shape[1]
    at, key = torch.arange(s - t, s)[:, None], torch.arange(s)[None]
    seen = torch.ones(t, s, dtype=torch.bool)
    if causal:
        seen &= key <= at
    if window:
        seen &= key > at - window
    bias = torch.zeros(t, s, dtype=q.dtype).masked_fill(~seen, float("-inf"))
    bias = bias if mask is None else bias + mask
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=scale or None,
                                       enable_gqa=True)
    return y.transpose(1, 2)


def softcapped(q, k, v, scale, cap):
    """Scores bent by cap * tanh(score / cap) (Gemma 2); torch's attention has no such option."""
    scores = torch.einsum("btkd,bskd->bkts", q, k) * scale
    weights = F.softmax(cap * torch.tanh(scores / cap), -1)
    return torch.einsum("bkts,bskd->btkd", weights, v)


def attention(f):
    def case(name, b, t, s, heads, kv, d, mask=None, causal=False, window=0, scale=0.0):
        inputs = {"q": f.randn(b, t, heads, d), "k": f.randn(b, s, kv, d),
                  "v": f.randn(b, s, kv, d), "mask": f.randn(*mask) if mask else None}
        f.case(name, "attention", inputs,
               lambda q, k, v, m: attend(q, k, v, m, causal, window, scale), fixed=("mask",),
               causal=causal, window=window, scale=scale, softcap=0.0)

    case("full", 2, 5, 7, 2, 2, 8)
    case("causal", 2, 6, 6, 2, 2, 8, causal=True)
    case("causal_from_the_end", 2, 3, 8, 2, 2, 8, causal=True)
    case("one_query", 2, 1, 9, 4, 2, 8, causal=True)
    case("grouped", 2, 6, 6, 6, 2, 4, causal=True)
    case("one_key_head", 1, 5, 5, 4, 1, 6, causal=True)
    case("window", 2, 9, 9, 4, 2, 8, causal=True, window=3)
    case("window_from_the_end", 1, 4, 11, 2, 1, 8, causal=True, window=5)
    case("mask", 2, 4, 6, 2, 2, 8, mask=(2, 2, 4, 6))
    case("mask_broadcast", 2, 4, 6, 4, 2, 8, mask=(1, 1, 4, 6), causal=True)
    case("scale", 1, 4, 4, 2, 2, 8, causal=True, scale=0.9)
    case("wide", 1, 3, 70, 1, 1, 64)
    inputs = {"q": 3 * f.randn(1, 4, 2, 8), "k": 3 * f.randn(1, 5, 2, 8), "v": f.randn(1, 5, 2, 8),
              "mask": None}
    f.case("softcap", "attention", inputs, lambda q, k, v, _: softcapped(q, k, v, 8**-0.5, 2.0),
           causal=False, window=0, scale=0.0, softcap=2.0)


def recurrence(f, kind, gates):
    def case(name, b, t, i, h):
        states = ["h0", "c0"] if kind is nn.LSTM else ["h0"]
        inputs = {"x": f.randn(b, t, i), **{s: f.randn(b, h) for s in states},
                  "w_ih": f.randn(gates * h, i, scale=0.6), "w_hh": f.randn(gates * h, h, scale=0.6),
                  "b_ih": f.randn(gates * h, scale=0.3), "b_hh": f.randn(gates * h, scale=0.3)}

        def function(x, *rest):
            first = tuple(s[None] for s in rest[: len(states)])
            layer = kind(i, h, batch_first=True).double()
            weights = dict(zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"),
                               rest[len(states) :]))
            first = first if kind is nn.LSTM else first[0]
            y, last = torch.func.functional_call(layer, weights, (x, first))
            last = last if kind is nn.LSTM else (last,)
            return {"y": y, **{s[0]: v[0] for s, v in zip(states, last)}}

        f.case(name, kind.__name__.lower(), inputs, function)

    case("layer", 2, 5, 3, 4)
    case("one_step", 3, 1, 4, 6)
    case("wide", 1, 4, 20, 24)


def spectra(f):
    def transform(name, samples, n_fft, hop, win, center, normalized, window=torch.hann_window):
        inputs = {"x": f.randn(2, samples), "window": window(win)}
        attrs = {"n_fft": n_fft, "hop": hop, "win": win, "center": center,
                 "normalized": normalized}

        def function(x, w):
            z = torch.stft(x, n_fft, hop, win, w, center=center, normalized=normalized,
                           onesided=True, return_complex=True)
            return torch.view_as_real(z)

        f.case(f"stft_{name}", "stft", inputs, function, fixed=("window",), **attrs)

    def inverse(name, frames, n_fft, hop, win, center, normalized, window=torch.hann_window,
                length=None):
        inputs = {"spec": f.randn(2, n_fft // 2 + 1, frames, 2), "window": window(win)}
        attrs = {"n_fft": n_fft, "hop": hop, "win": win, "center": center,
                 "normalized": normalized}

        def function(z, w):
            return torch.istft(torch.view_as_complex(z), n_fft, hop, win, w, center=center,
                               normalized=normalized, onesided=True, length=length)

        samples = length or (frames - 1) * hop + (n_fft % 2 if center else n_fft)
        f.case(f"istft_{name}", "istft", inputs, function, fixed=("window",), length=samples,
               **attrs)

    transform("center", 50, 16, 4, 16, True, False)
    transform("edge", 50, 16, 4, 16, False, False)
    transform("short_window", 60, 16, 5, 10, True, False)
    transform("normalized", 40, 16, 8, 16, True, True)
    transform("odd_size", 45, 15, 5, 12, True, False)
    transform("not_a_power", 70, 20, 5, 20, False, True, torch.hamming_window)
    inverse("center", 9, 16, 4, 16, True, False)
    inverse("cut", 9, 16, 4, 16, True, False, length=27)
    inverse("short_window", 9, 16, 4, 12, True, False)
    inverse("normalized", 7, 16, 8, 16, True, True)
    inverse("edge", 6, 16, 4, 16, False, False, torch.hamming_window)
    inverse("odd_size", 8, 15, 5, 15, True, False)


FILES = {"attention": attention, "gru": lambda f: recurrence(f, nn.GRU, 3),
         "lstm": lambda f: recurrence(f, nn.LSTM, 4), "stft": spectra}
