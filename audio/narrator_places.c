/* narrator_places.c: where phones stand in their phrase and utterance, and frames in their phone.
 *
 * A phrase lies between two pauses. What a convolution over phones reaches is a dozen of them; how
 * a phrase ends is heard from its first word on. */
#include "audio/narrator_places.h"

#include <math.h>
#include <string.h>

/* About the teacher's mean pitch, in Hz, and how far it strays, in logarithms. */
static const float pitch_mean = 190, pitch_spread = 0.35f;
static const float energy_mean = -6, energy_spread = 2;

uint8_t dio_narrator_pause(char punctuation)
{
    switch (punctuation) {
    case ',':
        return DIO_MARK_COMMA;
    case ':':
    case ';':
        return DIO_MARK_COLON;
    case '.':
        return DIO_MARK_PERIOD;
    case '?':
        return DIO_MARK_QUESTION;
    case '!':
        return DIO_MARK_EXCLAMATION;
    default:
        return DIO_MARK_PAUSE;
    }
}

struct counts {
    int phones, syllables, words;
};

static void count(struct counts *c, const dio_narrator_phone *p)
{
    c->phones++;
    c->syllables += p->stress > 0;
    c->words += (p->mark & DIO_MARK_FIRST) != 0;
}

static float part(int n, float of)
{
    float x = (float)n / of;
    return x < 2 ? x : 2;
}

static void put_ending(float *out, uint8_t mark)
{
    out[10] = mark == DIO_MARK_COMMA || mark == DIO_MARK_COLON;
    out[11] = mark == DIO_MARK_PERIOD;
    out[12] = mark == DIO_MARK_QUESTION;
    out[13] = mark == DIO_MARK_EXCLAMATION;
}

/* Phones first..past-1 between two pauses. */
static void place_phrase(const dio_narrator_phone *p, int first, int past, float *out)
{
    struct counts all = {0}, here = {0};
    for (int i = first; i < past; i++)
        count(&all, &p[i]);
    for (int i = first; i < past; i++) {
        float *to = out + (int64_t)i * DIO_NARRATOR_PLACE;
        to[0] = part(here.phones, 16);
        to[2] = part(here.syllables, 8);
        to[4] = part(here.words, 6);
        count(&here, &p[i]);
        to[1] = part(all.phones - here.phones, 16);
        to[3] = part(all.syllables - here.syllables, 8);
        to[5] = part(all.words - here.words, 6);
        put_ending(to, p[past].mark);
    }
}

void dio_narrator_place(const dio_narrator_phone *phones, int n, float *out)
{
    int phrases = 0, before = 0;
    bool asks = n > 0 && phones[n - 1].mark == DIO_MARK_QUESTION;
    memset(out, 0, (size_t)n * DIO_NARRATOR_PLACE * sizeof *out);
    for (int i = 1; i < n; i++)
        phrases += phones[i].mark >= DIO_MARK_PAUSE && phones[i - 1].mark < DIO_MARK_PAUSE;
    for (int i = 0, begin = 0; i < n; i++) {
        float *to = out + (int64_t)i * DIO_NARRATOR_PLACE;
        to[6] = part(before, 3);
        to[7] = part(phrases - before, 3);
        to[8] = part(i, 64);
        to[9] = part(n - 1 - i, 64);
        to[14] = asks;
        to[15] = part(n, 64);
        if (phones[i].mark < DIO_MARK_PAUSE)
            continue;
        put_ending(to, phones[i].mark);
        if (i > begin) {
            place_phrase(phones, begin, i, out);
            before++;
        }
        begin = i + 1;
    }
}

int64_t dio_narrator_frames(int64_t samples)
{
    return samples / DIO_NARRATOR_HOP + 1;
}

static float least(float a, float b)
{
    return a < b ? a : b;
}

void dio_narrator_within(const int64_t *ends, int n, int64_t frames, int32_t *phone, float *within)
{
    int i = 0;
    for (int64_t f = 0; f < frames; f++) {
        int64_t at = f * DIO_NARRATOR_HOP;
        while (i + 1 < n && at >= ends[i])
            i++;
        int64_t begin = i ? ends[i - 1] : 0;
        float whole = (float)(ends[i] - begin + 1) / DIO_NARRATOR_HOP;
        float a = (float)(at - begin) / DIO_NARRATOR_HOP, b = whole - a, u = a / whole;
        float *to = within + f * DIO_NARRATOR_WITHIN;
        phone[f] = i;
        to[0] = u;
        to[1] = 4 * u * (1 - u);
        to[2] = least(a, 4) / 4;
        to[3] = least(b, 4) / 4;
        to[4] = least(a / 16, 4);
        to[5] = least(b / 16, 4);
        to[6] = logf(whole) / 2;
        to[7] = least(1 / whole, 1);
    }
}

float dio_narrator_pitch_of(float hz)
{
    return logf(hz / pitch_mean) / pitch_spread;
}

float dio_narrator_hz_of(float pitch)
{
    return pitch_mean * expf(pitch * pitch_spread);
}

float dio_narrator_pitch_step(float semitones)
{
    return semitones * (float)(M_LN2 / 12) / pitch_spread;
}

float dio_narrator_energy_of(const float *mel, int mels)
{
    float sum = 0;
    for (int i = 0; i < mels; i++)
        sum += mel[i];
    return (sum / (float)mels - energy_mean) / energy_spread;
}

float dio_narrator_energy_step(float db)
{
    return db * (float)(M_LN10 / 20) / energy_spread;
}
