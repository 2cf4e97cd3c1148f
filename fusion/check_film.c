/* check_film.c: rules about how films and sounds are coded, and how loud they are. */
#include <math.h>
#include <string.h>

#include "fusion/check_rule.h"

static void check_bitrate(dio_checking *c)
{
    const dio_facts *f = c->facts;
    const dio_limits *l = c->limits;
    if (!l || !(l->least_kbps + l->most_kbps > 0) || !(f->seconds > 0))
        return;
    double kbps = (double)f->bytes * 8 / f->seconds / 1000;
    if (l->least_kbps > 0 && kbps < l->least_kbps)
        dio_check_breaks(c,
                         "it has %.0f kbit/s, and at least %g are taken: encode it with a better "
                         "quality",
                         kbps, l->least_kbps);
    if (l->most_kbps > 0 && kbps > l->most_kbps)
        dio_check_breaks(c, "it has %.0f kbit/s, and at most %g are taken", kbps, l->most_kbps);
}

const dio_check_rule dio_check_rule_bitrate = {"bitrate", "bits a second of the whole file",
                                               check_bitrate};

static void one_of(dio_checking *c, const char *what, const char *have, const char *const *list)
{
    if (*have && dio_limits_refuse(list, have))
        dio_check_breaks(c, "its %s is %s, and %s takes %s", what, have, c->preset->name,
                         dio_check_names(c, list));
}

static void check_video_codec(dio_checking *c)
{
    if (c->limits)
        one_of(c, "codec", c->facts->video, c->limits->video);
}

const dio_check_rule dio_check_rule_video_codec = {"video-codec", "codec of the pictures",
                                                   check_video_codec};

static void check_profile(dio_checking *c)
{
    if (c->limits)
        one_of(c, "profile", c->facts->profile, c->limits->profiles);
}

const dio_check_rule dio_check_rule_profile = {"profile", "profile of that codec", check_profile};

static void check_pixels(dio_checking *c)
{
    if (c->limits)
        one_of(c, "form of pixels", c->facts->pixels, c->limits->pixels);
}

const dio_check_rule dio_check_rule_pixels = {"pixels", "form of pixels: yuv420p plays everywhere",
                                              check_pixels};

static void check_audio_codec(dio_checking *c)
{
    if (c->limits)
        one_of(c, "sound's codec", c->facts->audio, c->limits->audio);
}

const dio_check_rule dio_check_rule_audio_codec = {"audio-codec", "codec of the sound",
                                                   check_audio_codec};

static void check_sample_rate(dio_checking *c)
{
    if (c->limits && c->facts->rate && c->facts->rate < c->limits->least_rate)
        dio_check_breaks(c, "its sound has %d samples a second, and at least %d are taken",
                         c->facts->rate, c->limits->least_rate);
}

const dio_check_rule dio_check_rule_sample_rate = {"sample-rate", "samples a second",
                                                   check_sample_rate};

static void check_channels(dio_checking *c)
{
    if (c->limits && c->limits->channels && c->facts->channels > c->limits->channels)
        dio_check_breaks(c, "its sound has %d channels, and at most %d are taken",
                         c->facts->channels, c->limits->channels);
}

const dio_check_rule dio_check_rule_channels = {"channels", "channels of sound", check_channels};

static void check_silence(dio_checking *c)
{
    if (c->limits && c->limits->silent && *c->facts->audio)
        dio_check_breaks(c, "it has sound, and the placement plays none");
}

const dio_check_rule dio_check_rule_silence = {"silence", "no sound where none is played",
                                               check_silence};

static void check_loudness(dio_checking *c)
{
    const dio_limits *l = c->limits;
    if (!l || !l->loud)
        return;
    if (!c->measured) {
        if (c->facts->kind == DIO_DELIVERY_FILM && !*c->facts->audio)
            dio_check_notes(c, "it has no sound");
        return;
    }
    double have = c->loudness.integrated;
    if (c->facts->seconds > 0 && c->facts->seconds < 3)
        dio_check_notes(c, "under 3 s loudness says little: it is measured in gated blocks");
    if (isinf(have))
        dio_check_notes(c, "its sound is silence");
    else if (fabs(have - l->lufs) > l->tolerance + 0.05)
        dio_check_breaks(c,
                         "its loudness is %.1f LUFS, and %g +-%g is wanted: audio.mix@1 with "
                         "loudness sets it",
                         have, l->lufs, l->tolerance);
}

const dio_check_rule dio_check_rule_loudness = {"loudness", "of the whole, ITU-R BS.1770",
                                                check_loudness};

static void check_true_peak(dio_checking *c)
{
    if (c->limits && c->limits->loud && c->measured &&
        c->loudness.true_peak > c->limits->true_peak + 0.05)
        dio_check_breaks(c,
                         "its true peak is %.1f dBTP, and at most %g is taken: audio.mix@1 with "
                         "true_peak limits it",
                         c->loudness.true_peak, c->limits->true_peak);
}

const dio_check_rule dio_check_rule_true_peak = {
    "true-peak", "the loudest moment, between samples too", check_true_peak};
