/* bed_score.c: keys, chords, and what each player does in each bar.
 *
 * A piece: the pad from the first bar, then bass and figures, then percussion; the last bar before
 * the end thins out, and the end is the key's own chord, left to ring. All times are seconds from
 * the bar's place, moved by swing and by a hand's few milliseconds. */
#include "audio/bed_score.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

/* ---- keys and chords ---- */

bool bed_key_parse(const char *name, int *root, bool *minor, bool *said)
{
    static const int classes[] = {9, 11, 0, 2, 4, 5, 7}; /* A to G */
    if (name[0] < 'A' || name[0] > 'G')
        return false;
    int at = classes[name[0] - 'A'];
    const char *rest = name + 1;
    if (*rest == '#' || *rest == 'b')
        at += *rest++ == '#' ? 1 : 11;
    *root = at % 12;
    *minor = strcmp(rest, "m") == 0 || strcmp(rest, " minor") == 0;
    *said = *rest != '\0';
    return *minor || !*rest || strcmp(rest, " major") == 0;
}

static int degree_of(const char *numeral, size_t n)
{
    static const char *const names[] = {"I", "II", "III", "IV", "V", "VI", "VII"};
    for (int d = 0; d < 7; d++) {
        size_t k = 0;
        while (k < n && names[d][k] && (numeral[k] & ~0x20) == names[d][k])
            k++;
        if (k == n && !names[d][k])
            return d;
    }
    return -1;
}

/* Thirds are stacked on the scale; capital letters ask for a major third, small ones for a minor
 * one, whatever the scale has. */
bool bed_chord_next(const char **line, bool minor, bed_chord *chord)
{
    static const int scales[2][7] = {{0, 2, 4, 5, 7, 9, 11}, {0, 2, 3, 5, 7, 8, 10}};
    const int *scale = scales[minor];
    const char *at = *line + strspn(*line, " ");
    size_t n = strspn(at, "IViv");
    int degree = degree_of(at, n);
    if (degree < 0)
        return false;
    bool seventh = at[n] == '7';
    *line = at + n + (seventh ? 1 : 0);
    chord->count = seventh ? 4 : 3;
    for (int i = 0; i < chord->count; i++)
        chord->tone[i] = scale[(degree + 2 * i) % 7] + 12 * ((degree + 2 * i) / 7);
    chord->tone[1] = chord->tone[0] + (at[0] < 'a' ? 4 : 3);
    return true;
}

double bed_random(bed_score *s)
{
    return dio_uniform53(s->seed, 0x626564, s->drawn++); /* "bed" */
}

void bed_add(bed_score *s, bed_note note)
{
    if (note.start < 0)
        note.start = 0;
    if (dio_arena_grow(s->arena, &s->notes, s->count, &s->cap, sizeof *s->notes))
        s->notes[s->count++] = note;
}

/* ---- one bar ---- */

struct piece {
    const dio_bed *bed;
    const bed_style *style;
    bed_score *score;
    int root; /* pitch class of the key */
    bool minor;
    double bar; /* seconds */
    const char *chords, *figure[2];
};

/* A tone into the octave that begins at `low`. */
static double within(int tone, int root, int low)
{
    return low + ((tone + root - low) % 12 + 12) % 12;
}

/* Seconds of a sixteenth in its bar, swung. */
static double sixteenth(const struct piece *p, int i)
{
    int pair = i / 2;
    return p->bar / 16 * (2 * pair + (i % 2 ? 2 * p->style->swing : 0));
}

static double hand(bed_score *s)
{
    return 0.008 * (bed_random(s) - 0.5);
}

static void add_pad(const struct piece *p, const bed_chord *chord, double at, double length)
{
    for (int i = 0; i < chord->count; i++)
        bed_add(p->score,
                (bed_note){.player = BED_PAD,
                           .start = at,
                           .length = length,
                           .pitch = within(chord->tone[i], p->root, 57),
                           .strength = 0.8,
                           .pan = chord->count > 1 ? 1.2 * i / (chord->count - 1) - 0.6 : 0});
}

/* A pattern of sixteenths; `pitch` is what the player has, or nothing of note. */
static void add_pattern(const struct piece *p, int player, const char *pattern, double at,
                        double pitch, double length)
{
    static const double pans[BED_PLAYERS] = {[BED_SNAP] = 0.15, [BED_SHAKER] = -0.3};
    for (int i = 0; pattern && pattern[i]; i++) {
        if (pattern[i] == '.')
            continue;
        double strength = (pattern[i] == 'x' ? 0.95 : 0.6) * (0.9 + 0.1 * bed_random(p->score));
        bed_add(p->score, (bed_note){.player = player,
                                     .start = at + sixteenth(p, i) + hand(p->score),
                                     .length = length,
                                     .pitch = pitch,
                                     .strength = strength,
                                     .pan = pans[player]});
    }
}

/* Eight eighths: tone n of the chord, the ones above its own an octave higher. */
static void add_figure(const struct piece *p, const bed_chord *chord, const char *figure, double at)
{
    for (int i = 0; figure[i]; i++) {
        if (figure[i] == '.')
            continue;
        int n = figure[i] - '0', octave = n / chord->count;
        double pitch = within(chord->tone[n % chord->count], p->root, 67) + 12 * octave;
        bed_add(p->score, (bed_note){.player = p->style->player,
                                     .start = at + sixteenth(p, 2 * i) + hand(p->score),
                                     .length = p->bar / 2,
                                     .pitch = pitch,
                                     .strength = (i % 4 == 0 ? 0.85 : 0.65) *
                                                 (0.85 + 0.15 * bed_random(p->score)),
                                     .pan = i % 2 ? 0.35 : -0.35});
    }
}

/* ---- a piece ---- */

/* Who is in at a bar: nobody comes in all at once, and the last bar before the end thins out. */
static void add_bar(const struct piece *p, const bed_chord *chord, int bar, int bars)
{
    double at = bar * p->bar;
    bool long_piece = bars >= 6, thin = bars >= 4 && bar == bars - 1;
    add_pad(p, chord, at, p->bar);
    if (bar >= (long_piece ? 1 : 0))
        add_figure(p, chord, p->figure[bar / 4 % 2], at);
    if (bar >= (long_piece ? 2 : 0) && p->style->bass)
        add_pattern(p, BED_BASS, p->style->bass, at, within(chord->tone[0], p->root, 33),
                    p->bar / 8);
    if (bar < (bars >= 12 ? 4 : long_piece ? 2 : 0) || thin)
        return;
    add_pattern(p, BED_KICK, p->style->kick, at, 36, 0.25);
    add_pattern(p, BED_SHAKER, p->style->shaker, at, 0, 0.08);
    if (bar >= (bars >= 12 ? 6 : 0))
        add_pattern(p, BED_SNAP, p->style->snap, at, 0, 0.15);
}

/* The key's own chord, rolled from below and left to ring to the end. */
static void add_end(const struct piece *p, double at, double length)
{
    const char *line = p->minor ? "i" : "I";
    bed_chord chord = {.count = 0};
    bed_chord_next(&line, p->minor, &chord);
    add_pad(p, &chord, at, length);
    for (int i = 0; i < 4; i++)
        bed_add(p->score,
                (bed_note){.player = i == 3 ? BED_BELL : p->style->player,
                           .start = at + 0.03 * i,
                           .length = length,
                           .pitch = within(chord.tone[i % 3], p->root, 67) + (i > 2 ? 12 : 0),
                           .strength = 0.7,
                           .pan = 0.4 * (i % 3 - 1)});
    bed_add(p->score, (bed_note){.player = BED_BASS,
                                 .start = at,
                                 .length = fmin(length, 2),
                                 .pitch = within(0, p->root, 33),
                                 .strength = 0.8});
    if (p->style->kick)
        bed_add(p->score,
                (bed_note){
                    .player = BED_KICK, .start = at, .length = 0.25, .pitch = 36, .strength = 0.7});
}

/* Bars before the last chord, and how long one is: the tempo gives way by up to 6 %, which no one
 * notices, so that about 1.25 bars are left for it to ring. */
static int fit_bars(double seconds, double tempo, double *bar)
{
    double wished = 240 / tempo;
    int bars = (int)floor(seconds / wished - 1.25 + 0.5);
    bars = bars < 1 ? 1 : bars;
    double fits = seconds / (bars + 1.25);
    *bar = fmin(wished * 1.06, fmax(wished / 1.06, fits));
    if (bars == 1)
        *bar = fmin(*bar, 0.6 * seconds);
    return bars;
}

static void compose_piece(struct piece *p, double tempo)
{
    int bars = fit_bars(p->bed->seconds, tempo, &p->bar);
    const char *line = p->chords;
    for (int bar = 0; bar < bars; bar++) {
        bed_chord chord = {.count = 0};
        if (!bed_chord_next(&line, p->minor, &chord)) {
            line = p->chords;
            bed_chord_next(&line, p->minor, &chord);
        }
        add_bar(p, &chord, bar, bars);
    }
    add_end(p, bars * p->bar, p->bed->seconds - bars * p->bar);
}

/* ---- signatures ---- */

static void compose_logo(struct piece *p)
{
    static const int climbs[][4] = {{0, 1, 2, 3}, {2, 0, 1, 3}, {0, 2, 1, 3}, {1, 2, 0, 3}};
    const int *climb = climbs[(int)(bed_random(p->score) * 4)];
    double step = fmin(0.18, p->bed->seconds / 10);
    const char *line = p->minor ? "i" : "I";
    bed_chord chord = {.count = 0};
    bed_chord_next(&line, p->minor, &chord);
    for (int i = 0; i < 3; i++)
        bed_add(p->score, (bed_note){.player = BED_PLUCK,
                                     .start = i * step,
                                     .length = p->bed->seconds,
                                     .pitch = within(chord.tone[climb[i] % 3], p->root, 67),
                                     .strength = 0.6 + 0.1 * i,
                                     .pan = 0.3 * (i - 1)});
    add_end(p, 3 * step, p->bed->seconds - 3 * step);
}

static void compose_rise(struct piece *p)
{
    const char *line = p->minor ? "i" : "V";
    bed_chord chord = {.count = 0};
    bed_chord_next(&line, p->minor, &chord);
    bed_add(p->score, (bed_note){.player = BED_SWELL, .length = p->bed->seconds, .strength = 0.8});
    for (int i = 0; i < chord.count; i++)
        bed_add(p->score, (bed_note){.player = BED_PAD,
                                     .length = p->bed->seconds,
                                     .pitch = within(chord.tone[i], p->root, 57),
                                     .strength = 0.6,
                                     .pan = 0.6 * (i - 1)});
    for (int i = 0; i < 12; i++) { /* faster and faster */
        double at = p->bed->seconds * (1 - pow(1 - i / 12.0, 1.7));
        bed_add(p->score,
                (bed_note){.player = BED_BELL,
                           .start = at,
                           .length = p->bed->seconds - at,
                           .pitch = within(chord.tone[i % 3], p->root, 67) + (i > 5 ? 12 : 0),
                           .strength = 0.2 + 0.04 * i,
                           .pan = i % 2 ? 0.4 : -0.4});
    }
}

/* ---- the door ---- */

static const char *pick(bed_score *s, const char *const list[4])
{
    int n = 0;
    while (n < 4 && list[n])
        n++;
    return list[(int)(bed_random(s) * n)];
}

void bed_compose(const dio_bed *bed, const bed_style *style, bed_score *score)
{
    struct piece p = {.bed = bed, .style = style, .score = score, .minor = style->minor};
    bool said = false, minor;
    double wished = style->slow + (style->fast - style->slow) * bed_random(score);
    p.root = (int)(bed_random(score) * 12);
    if (bed->key && bed->key[0] && bed_key_parse(bed->key, &p.root, &minor, &said) && said)
        p.minor = minor;
    p.chords = pick(score, p.minor ? style->minor_chords : style->major_chords);
    p.figure[0] = pick(score, style->figures);
    p.figure[1] = pick(score, style->figures);
    if (bed->kind == DIO_BED_LOGO)
        compose_logo(&p);
    else if (bed->kind == DIO_BED_HIT)
        add_end(&p, 0, bed->seconds);
    else if (bed->kind == DIO_BED_RISE)
        compose_rise(&p);
    else
        compose_piece(&p, bed->tempo > 0 ? bed->tempo : wished);
}
