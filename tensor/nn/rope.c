/* rope.c: the frequencies of rotary positions, plain and stretched.
 *
 * linear   every angle divided by factor
 * llama3   long waves divided by factor, short ones kept, a straight blend between (by wavelength
 *          against the context the model was first trained on)
 * yarn     the same idea by channel number (arXiv:2309.00071), with cos and sin scaled
 * Arithmetic is f32 where the published implementations use f32: a frequency that differs in its
 * last bit is an angle off by position * 1e-7, which long texts would show. */
#include <math.h>

#include "tensor/nn.h"

static const double PI = 3.14159265358979323846;

static void llama3(const dio_rope_spec *s, float *inv_freq)
{
    float context = (float)s->original_positions, factor = (float)s->factor;
    float low = (float)s->low_freq_factor, high = (float)s->high_freq_factor;
    for (int i = 0; i < s->size / 2; i++) {
        float f = inv_freq[i], wave = (float)(2 * PI) / f;
        float smooth = (context / wave - low) / (high - low);
        if (wave > context / low)
            inv_freq[i] = f / factor;
        else if (wave >= context / high)
            inv_freq[i] = (1 - smooth) * f / factor + smooth * f;
    }
}

/* The channel that turns `rotations` times over the first context. */
static double channel_of(const dio_rope_spec *s, double rotations)
{
    return s->size * log(s->original_positions / (rotations * 2 * PI)) / (2 * log(s->theta));
}

static double mscale_of(double factor, double mscale)
{
    return factor <= 1 ? 1 : 0.1 * mscale * log(factor) + 1;
}

static float yarn(const dio_rope_spec *s, float *inv_freq)
{
    double low = channel_of(s, s->beta_fast), high = channel_of(s, s->beta_slow);
    if (s->truncate) {
        low = floor(low);
        high = ceil(high);
    }
    low = low < 0 ? 0 : low;
    high = high > s->size - 1 ? s->size - 1 : high;
    if (low == high)
        high += 0.001; /* as the reference: no division by zero */
    for (int i = 0; i < s->size / 2; i++) {
        float ramp = ((float)i - (float)low) / (float)(high - low);
        float keep = 1 - (ramp < 0 ? 0 : ramp > 1 ? 1 : ramp);
        inv_freq[i] = inv_freq[i] / (float)s->factor * (1 - keep) + inv_freq[i] * keep;
    }
    if (s->attention_factor > 0)
        return (float)s->attention_factor;
    if (s->mscale > 0 && s->mscale_all_dim > 0)
        return (float)(mscale_of(s->factor, s->mscale) / mscale_of(s->factor, s->mscale_all_dim));
    return (float)mscale_of(s->factor, 1);
}

void dio_rope_frequencies(const dio_rope_spec *s, float *inv_freq, float *factor)
{
    *factor = 1;
    for (int i = 0; i < s->size / 2; i++) {
        inv_freq[i] = 1.0f / powf((float)s->theta, (float)(2 * i) / (float)s->size);
        if (s->kind == DIO_ROPE_LINEAR)
            inv_freq[i] /= (float)s->factor;
    }
    if (s->kind == DIO_ROPE_LLAMA3)
        llama3(s, inv_freq);
    if (s->kind == DIO_ROPE_YARN)
        *factor = yarn(s, inv_freq);
}
