/* master.c: the chain, and the search for the gain.
 * Limiting takes loudness away, so the gain is raised by what is missing until nothing is; each try
 * begins from the sound before the limiter. Where peaks are all there is, more gain stops helping:
 * then the nearest that was reached is taken and said so. */
#include "audio/master.h"

#include <math.h>
#include <string.h>

#include "audio/clip_edit.h"
#include "audio/dynamics.h"
#include "audio/loudness.h"

enum { TRIES = 12 };
static const double near = 0.004;    /* LU: less than this is there */
static const double hopeless = 0.05; /* of what a try adds in gain must come back as loudness */
static const double voice_cut = 70;  /* Hz */
static const double gain_most = 60;  /* dB: what needs more is noise */

static const dio_master_preset presets[] = {
    {"social", "video platforms and social feeds", -14, -1},
    {"podcast", "podcasts and spoken word", -16, -1},
    {"ebu-r128", "television and radio in Europe (EBU R 128)", -23, -1},
    {"atsc-a85", "television in North America (ATSC A/85)", -24, -2},
};
enum { PRESETS = sizeof presets / sizeof *presets };

const dio_master_preset *dio_master_preset_at(int i)
{
    return i >= 0 && i < PRESETS ? &presets[i] : NULL;
}

const dio_master_preset *dio_master_preset_find(const char *name)
{
    for (int i = 0; i < PRESETS; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}

static bool check(const dio_master *how, dio_error *err)
{
    if (!(how->lufs >= -60 && how->lufs <= -5))
        return dio_fail(err, "a loudness of %g LUFS: there are -60 to -5", how->lufs);
    if (!(how->true_peak >= -20 && how->true_peak <= 0))
        return dio_fail(err, "a true peak of %g dBTP: there are -20 to 0", how->true_peak);
    return true;
}

static bool prepare(dio_clip **clip, const dio_master *how, dio_error *err)
{
    if (how->voice && !(dio_clip_low_cut(clip, voice_cut, err) && dio_clip_deess(clip, NULL, err) &&
                        dio_clip_level(clip, NULL, err)))
        return false;
    return (how->fade_in <= 0 && how->fade_out <= 0) ||
           dio_clip_fade(clip, how->fade_in, how->fade_out, err);
}

/* One try: `from` with a gain and the limiter, in *out, and its loudness. */
static bool attempt(dio_clip *from, const dio_master *how, double gain, dio_clip **out,
                    dio_master_report *report, dio_error *err)
{
    const dio_limiter limiter = {.ceiling = how->true_peak};
    dio_clip_unref(*out);
    *out = dio_clip_ref(from);
    report->gain = gain;
    return dio_clip_gain(out, gain, err) && dio_clip_limit(out, &limiter, &report->limited, err) &&
           dio_clip_integrated(*out, &report->after, err);
}

static bool search(dio_clip *from, const dio_master *how, dio_clip **out, dio_master_report *report,
                   dio_error *err)
{
    double gain = fmin(how->lufs - report->before, gain_most), added = 0, last = 0;
    for (int try = 0; try < TRIES; try++) {
        if (!attempt(from, how, gain, out, report, err))
            return false;
        double missing = how->lufs - report->after;
        if (fabs(missing) < near)
            return true;
        if (try > 0 && missing > 0 && report->after - last < hopeless * added)
            break;
        /* What the limiter gives back of a decibel is learnt from the last one. */
        double yield = try > 0 && fabs(added) > 1e-6 ? (report->after - last) / added : 1;
        last = report->after;
        added = missing / fmin(1, fmax(0.2, yield));
        if (gain + added > gain_most)
            break;
        gain += added;
    }
    report->short_of_target = true;
    return true;
}

bool dio_clip_master(dio_clip **clip, const dio_master *how, dio_master_report *report,
                     dio_error *err)
{
    dio_master_report own;
    dio_clip *out = NULL;
    report = report ? report : &own;
    *report = (dio_master_report){.after = -HUGE_VAL, .true_peak = -HUGE_VAL};
    if (!check(how, err) || !prepare(clip, how, err) ||
        !dio_clip_integrated(*clip, &report->before, err))
        return false;
    bool silent = !isfinite(report->before);
    if (silent) { /* below the gate there may still be something, and it may be a peak */
        const dio_limiter limiter = {.ceiling = how->true_peak};
        return dio_clip_limit(clip, &limiter, &report->limited, err);
    }
    bool ok = search(*clip, how, &out, report, err);
    double peak = 0;
    ok = ok && dio_clip_true_peak(out, &peak, err);
    if (!ok) {
        dio_clip_unref(out);
        return false;
    }
    report->true_peak = peak > 0 ? 20 * log10(peak) : -HUGE_VAL;
    dio_clip_unref(*clip);
    *clip = out;
    return true;
}
