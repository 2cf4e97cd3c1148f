/* ssml_prosody.c: numbers and names of rates, pitches, volumes and lengths of time. */
#include "audio/phones/ssml_prosody.h"

#include <math.h>
#include <string.h>

#include "base/str.h"

/* A number at the head of text and what follows it; false when there is none. */
static bool number_of(const char *text, double *value, const char **unit)
{
    char digits[32];
    size_t n = strspn(text, "+-0123456789.");
    *unit = text + n;
    if (n == 0 || n >= sizeof digits)
        return false;
    memcpy(digits, text + (*text == '+'), n - (*text == '+'));
    digits[n - (*text == '+')] = '\0';
    return dio_parse_real(digits, value);
}

bool dio_ssml_time(const dio_markup *m, size_t at, const char *text, int *ms, dio_error *err)
{
    double value;
    const char *unit;
    if (!number_of(text, &value, &unit) || value < 0 ||
        (strcmp(unit, "ms") != 0 && strcmp(unit, "s") != 0))
        return dio_markup_fail(m, at, err, "time: \"%s\" is no length of time: write 500ms or 1.5s",
                               text);
    value *= strcmp(unit, "s") == 0 ? 1000 : 1;
    if (!(value <= DIO_PAUSE_MOST_MS))
        return dio_markup_fail(m, at, err, "time: \"%s\" is above %d seconds", text,
                               DIO_PAUSE_MOST_MS / 1000);
    *ms = (int)lrint(value);
    return true;
}

static bool out_of_range(const dio_markup *m, dio_error *err, size_t at, const char *name,
                         const char *value, double lo, double hi, const char *unit)
{
    return dio_markup_fail(m, at, err, "%s: \"%s\" leaves %g to %g%s", name, value, lo, hi, unit);
}

bool dio_ssml_rate(const dio_markup *m, size_t at, const char *text, dio_prosody *p, dio_error *err)
{
    static const char *const names[] = {"x-slow", "slow", "medium", "default", "fast", "x-fast"};
    static const double values[] = {0.5, 0.75, 1, 1, 1.25, 1.6};
    const char *unit;
    double value = 0;
    bool found = false;
    for (int i = 0; i < 6; i++)
        if (strcmp(names[i], text) == 0) {
            value = values[i];
            found = true;
        }
    if (!found && (!number_of(text, &value, &unit) || (*unit && strcmp(unit, "%") != 0)))
        return dio_markup_fail(m, at, err,
                               "rate: \"%s\": write x-slow, slow, medium, fast, "
                               "x-fast, 120%%, +10%% or 1.2",
                               text);
    if (!found && *unit)
        value = *text == '+' || *text == '-' ? 1 + value / 100 : value / 100;
    p->rate *= (float)value;
    if (!(p->rate >= DIO_RATE_LEAST && p->rate <= DIO_RATE_MOST))
        return out_of_range(m, err, at, "rate", text, (double)DIO_RATE_LEAST, (double)DIO_RATE_MOST,
                            " times as fast");
    return true;
}

bool dio_ssml_pitch(const dio_markup *m, size_t at, const char *text, dio_prosody *p,
                    dio_error *err)
{
    static const char *const names[] = {"x-low", "low", "medium", "default", "high", "x-high"};
    static const double values[] = {-6, -3, 0, 0, 3, 6};
    const char *unit;
    double value = 0;
    bool found = false;
    for (int i = 0; i < 6; i++)
        if (strcmp(names[i], text) == 0) {
            value = values[i];
            found = true;
        }
    if (!found && (!number_of(text, &value, &unit) || (*text != '+' && *text != '-') ||
                   (strcmp(unit, "st") != 0 && strcmp(unit, "%") != 0)))
        return dio_markup_fail(m, at, err,
                               "pitch: \"%s\": write x-low, low, medium, high, "
                               "x-high, +2st or -10%%",
                               text);
    if (!found && *unit == '%')
        value = value > -100 ? 12 * log2(1 + value / 100) : -1000;
    p->pitch_st += (float)value;
    if (!(fabsf(p->pitch_st) <= DIO_PITCH_MOST_ST))
        return out_of_range(m, err, at, "pitch", text, (double)-DIO_PITCH_MOST_ST,
                            (double)DIO_PITCH_MOST_ST, " semitones");
    return true;
}

bool dio_ssml_volume(const dio_markup *m, size_t at, const char *text, dio_prosody *p,
                     dio_error *err)
{
    static const char *const names[] = {"silent",  "x-soft", "soft",  "medium",
                                        "default", "loud",   "x-loud"};
    static const double values[] = {-96, -12, -6, 0, 0, 4, 8};
    const char *unit;
    double value = 0;
    bool found = false;
    for (int i = 0; i < 7; i++)
        if (strcmp(names[i], text) == 0) {
            value = values[i];
            found = true;
        }
    if (!found && (!number_of(text, &value, &unit) || strcmp(unit, "dB") != 0))
        return dio_markup_fail(m, at, err,
                               "volume: \"%s\": write silent, x-soft, soft, "
                               "medium, loud, x-loud or +6dB",
                               text);
    p->volume_db += (float)value;
    if (p->volume_db < DIO_VOLUME_LEAST_DB && found)
        p->volume_db = DIO_VOLUME_LEAST_DB;
    if (!(p->volume_db >= DIO_VOLUME_LEAST_DB && p->volume_db <= DIO_VOLUME_MOST_DB))
        return out_of_range(m, err, at, "volume", text, (double)DIO_VOLUME_LEAST_DB,
                            (double)DIO_VOLUME_MOST_DB, " dB");
    return true;
}
