"""Convolution, its transpose, pooling, resizing, pixel shuffles."""

import torch.nn.functional as F

TORCH_PAD = {"zero": "constant", "reflect": "reflect", "replicate": "replicate",
             "circular": "circular"}


def pad(x, mode, sides):
    """sides: [before, after] for each spatial axis, first axis first; torch wants them reversed."""
    flat = [n for axis in reversed(sides) for n in axis]
    return F.pad(x, flat, mode=TORCH_PAD[mode])


def conv(f):
    def case(name, x, w, bias=True, stride=1, pad_=0, dilation=1, groups=1, mode=None, sides=None):
        nd = len(x) - 2
        per_axis = {"stride": stride, "pad": pad_, "dilation": dilation}
        attrs = {k: [v] * nd if isinstance(v, int) else v for k, v in per_axis.items()}
        run = F.conv1d if nd == 1 else F.conv2d

        def function(x, w, b):
            if mode:
                x = pad(x, mode, sides)
            return run(x, w, b, attrs["stride"], attrs["pad"], attrs["dilation"], groups)

        before = {"pad_mode": mode, "pad_sides": sides} if mode else {}
        inputs = {"x": f.randn(*x), "w": f.randn(*w), "b": f.randn(w[0]) if bias else None}
        f.case(name, "conv", inputs, function, groups=groups, **attrs, **before)

    case("1d", (2, 3, 11), (4, 3, 3))
    case("1d_pad", (2, 3, 11), (4, 3, 5), pad_=2, bias=False)
    case("1d_stride_dilation", (2, 3, 17), (5, 3, 3), stride=2, pad_=3, dilation=3)
    case("1d_groups", (2, 6, 9), (4, 3, 3), pad_=1, groups=2)
    case("1d_depthwise", (2, 5, 9), (5, 1, 7), pad_=3, groups=5)
    case("1d_pointwise", (2, 6, 7), (4, 6, 1))
    case("1d_wider_than_input", (1, 2, 2), (3, 2, 4), pad_=2)
    case("1d_reflect", (2, 3, 8), (4, 3, 5), mode="reflect", sides=[[2, 2]])
    case("1d_replicate", (2, 3, 8), (4, 3, 5), mode="replicate", sides=[[2, 2]])
    case("1d_circular", (2, 3, 8), (4, 3, 5), mode="circular", sides=[[2, 2]])
    case("1d_causal", (2, 3, 10), (4, 3, 3), dilation=2, mode="zero", sides=[[4, 0]])
    case("2d", (2, 3, 6, 7), (4, 3, 3, 3), pad_=1)
    case("2d_uneven", (1, 2, 7, 9), (3, 2, 3, 2), stride=[2, 3], pad_=[1, 0], dilation=[2, 1])
    case("2d_groups", (2, 4, 5, 5), (6, 2, 3, 3), pad_=1, groups=2, bias=False)
    case("2d_depthwise", (1, 4, 6, 6), (8, 1, 3, 3), stride=2, pad_=1, groups=4)
    case("2d_pointwise", (2, 5, 3, 4), (6, 5, 1, 1))
    case("2d_reflect", (1, 2, 5, 6), (3, 2, 3, 3), mode="reflect", sides=[[1, 1], [2, 0]])
    case("2d_replicate", (1, 2, 5, 6), (3, 2, 3, 3), mode="replicate", sides=[[0, 1], [1, 1]])
    case("2d_circular", (1, 2, 5, 6), (3, 2, 3, 3), mode="circular", sides=[[1, 1], [1, 1]])


def conv_transpose(f):
    def case(name, x, w, bias=True, groups=1, **per_axis):
        nd = len(x) - 2
        names = ("stride", "pad", "output_pad", "dilation")
        values = [per_axis.get(k, 0 if "pad" in k else 1) for k in names]
        attrs = {k: [v] * nd if isinstance(v, int) else v for k, v in zip(names, values)}
        run = F.conv_transpose1d if nd == 1 else F.conv_transpose2d

        def function(x, w, b):
            return run(x, w, b, attrs["stride"], attrs["pad"], attrs["output_pad"], groups,
                       attrs["dilation"])

        inputs = {"x": f.randn(*x), "w": f.randn(*w),
                  "b": f.randn(w[1] * groups) if bias else None}
        f.case(name, "conv_transpose", inputs, function, groups=groups, **attrs)

    case("1d", (2, 3, 5), (3, 4, 4), stride=2, pad=1)
    case("1d_vocoder", (1, 4, 6), (4, 2, 16), stride=8, pad=4)
    case("1d_output_pad", (2, 3, 5), (3, 4, 3), stride=3, pad=1, output_pad=2, bias=False)
    case("1d_dilation_groups", (2, 4, 5), (4, 3, 3), stride=2, dilation=2, groups=2)
    case("2d", (2, 3, 4, 3), (3, 2, 4, 4), stride=2, pad=1)
    case("2d_uneven", (1, 2, 3, 4), (2, 3, 3, 2), stride=[2, 3], pad=[1, 0], output_pad=[1, 2])
    case("2d_dilation_groups", (1, 4, 3, 3), (4, 1, 3, 3), stride=2, pad=1, dilation=2, groups=4,
         output_pad=1)


def pool(f):
    for name, run in (("avg", F.avg_pool2d), ("max", F.max_pool2d)):
        f.case(f"{name}_2", f"{name}_pool", {"x": f.randn(2, 3, 6, 4)},
               lambda x, run=run: run(x, 2, 2, 0), kernel=2, stride=2, pad=0)
        f.case(f"{name}_3", f"{name}_pool", {"x": f.randn(1, 2, 7, 8)},
               lambda x, run=run: run(x, 3, 2, 1), kernel=3, stride=2, pad=1)
    f.case("avg_1d", "avg_pool", {"x": f.randn(2, 3, 9)}, lambda x: F.avg_pool1d(x, 4, 2, 1),
           kernel=4, stride=2, pad=1)
    f.case("max_1d", "max_pool", {"x": f.randn(2, 3, 9)}, lambda x: F.max_pool1d(x, 4, 2, 1),
           kernel=4, stride=2, pad=1)


def upsample(f):
    def nearest(name, x, size):
        f.case(f"nearest_{name}", "upsample_nearest", {"x": f.randn(*x)},
               lambda x: F.interpolate(x, size=size, mode="nearest"), size=size)

    def linear(name, x, size):
        mode = "linear" if len(size) == 1 else "bilinear"
        for align in (False, True):
            f.case(f"linear_{name}{'_corners' if align else ''}", "upsample_linear",
                   {"x": f.randn(*x)},
                   lambda x: F.interpolate(x, size=size, mode=mode, align_corners=align),
                   size=size, align_corners=align)

    nearest("2x", (2, 3, 3, 4), [6, 8])
    nearest("odd", (1, 2, 3, 5), [7, 4])
    nearest("1d", (2, 3, 5), [13])
    linear("2x", (2, 3, 3, 4), [6, 8])
    linear("odd", (1, 2, 3, 5), [7, 4])
    linear("down", (1, 2, 8, 9), [3, 4])
    linear("to_one", (1, 1, 3, 3), [1, 5])
    linear("1d", (2, 3, 5), [13])


def pixel_shuffle(f):
    f.case("shuffle_2", "pixel_shuffle", {"x": f.randn(2, 12, 3, 2)},
           lambda x: F.pixel_shuffle(x, 2), factor=2)
    f.case("shuffle_3", "pixel_shuffle", {"x": f.randn(1, 9, 2, 2)},
           lambda x: F.pixel_shuffle(x, 3), factor=3)
    f.case("unshuffle_2", "pixel_unshuffle", {"x": f.randn(2, 3, 6, 4)},
           lambda x: F.pixel_unshuffle(x, 2), factor=2)
    f.case("unshuffle_3", "pixel_unshuffle", {"x": f.randn(1, 2, 6, 6)},
           lambda x: F.pixel_unshuffle(x, 3), factor=3)


def pads(f):
    for mode in TORCH_PAD:
        f.case(f"{mode}_last", "pad", {"x": f.randn(2, 3, 5)},
               lambda x: pad(x, mode, [[3, 2]]), axis=2, before=3, after=2, mode=mode)
        f.case(f"{mode}_rows", "pad", {"x": f.randn(1, 2, 4, 3)},
               lambda x: pad(x, mode, [[1, 3], [0, 0]]), axis=2, before=1, after=3, mode=mode)


FILES = {"conv": conv, "conv_transpose": conv_transpose, "pool": pool, "upsample": upsample,
         "pixel_shuffle": pixel_shuffle, "pad": pads}
