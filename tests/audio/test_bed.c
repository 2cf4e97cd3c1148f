/* test_bed.c: music by rule: its length, loudness, keys and times, looked at from outside. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/bed.h"
#include "audio/bed_score.h"
#include "audio/fft.h"
#include "audio/loudness.h"
#include "signals.h"
#include "tests/worst.h"

static dio_clip *make(dio_bed bed)
{
    dio_error err = {0};
    dio_clip *clip = dio_bed_make(&bed, &err);
    if (!clip)
        fail_msg("%s", err.message);
    return clip;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A click is a sample that leaves the curve: its second difference stands out from what the loudest
 * hundredth of the piece has. */
static double click(const dio_clip *clip)
{
    enum { STEP = 480 };
    int64_t blocks = (clip->length - 2) / STEP;
    double *most = calloc((size_t)blocks, sizeof *most);
    const float *x = dio_clip_channel(clip, 0);
    for (int64_t i = 0; i < blocks * STEP; i++)
        most[i / STEP] =
            fmax(most[i / STEP], fabs((double)x[i] - 2 * (double)x[i + 1] + (double)x[i + 2]));
    qsort(most, (size_t)blocks, sizeof *most, by_size);
    double ratio = most[blocks - 1] / most[blocks * 98 / 100];
    free(most);
    return ratio;
}

static void beds_are_as_long_and_loud_as_asked(void **state)
{
    (void)state;
    static const double lengths[] = {0.3, 1.7, 3, 8.345};
    double worst = 0, over = -100;
    for (int k = 0; dio_bed_kinds[k]; k++) {
        for (int m = 0; dio_bed_moods[m]; m++) {
            double seconds = k == 0 ? lengths[m % 4] : lengths[(k + m) % 3];
            dio_clip *clip = make((dio_bed){.kind = k, .mood = m, .seconds = seconds, .seed = 3});
            assert_int_equal(clip->rate, 48000);
            assert_int_equal(clip->channels, 2);
            assert_int_equal(clip->length, llrint(seconds * 48000));
            double lufs;
            dio_error err = {0};
            assert_true(dio_clip_integrated(clip, &lufs, &err));
            worst = worse(worst, fabs(lufs + 20));
            over = fmax(over, signal_db(signal_peak_between(clip)) + 3);
            for (int c = 0; c < 2; c++) {
                const float *x = dio_clip_channel(clip, c);
                assert_true(fabsf(x[0]) < 1e-6f && fabsf(x[clip->length - 1]) < 1e-6f);
            }
            dio_clip_unref(clip);
        }
    }
    print_message("loudness off by %.4f LU; peaks %.3f dB above -3\n", worst, over);
    assert_true(worst < 0.01); /* measured: 0.0000 */
    assert_true(over <= 0);
}

/* Tones of the key's scale, and nothing to speak of between: 200 to 1000 Hz by semitones. */
static void keys_are_kept(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int mood;
        const char *scale; /* by pitch class from C */
    } cases[] = {{"C", DIO_BED_CALM, "x.x.xx.x.x.x"},
                 {"Bb", DIO_BED_WARM, "x.xx.x.x.xx."},
                 {"F#m", DIO_BED_CALM, ".xx.x.xx.xx."},
                 {"E minor", DIO_BED_WARM, "x.x.x.xx.x.x"}};
    enum { N = 1 << 18 };
    static double x[N];
    for (int k = 0; k < 4; k++) {
        dio_error err = {0};
        dio_clip *clip = make((dio_bed){.mood = cases[k].mood, .seconds = 6, .key = cases[k].key});
        dio_fft *f = dio_fft_create(N, &err);
        dio_complex *bins = malloc((N / 2 + 1) * sizeof *bins);
        dio_complex *scratch = malloc(dio_fft_room(f) * sizeof *scratch);
        for (int i = 0; i < N; i++)
            x[i] = (0.5 - 0.5 * cos(2 * M_PI * i / N)) * (double)dio_clip_channel(clip, 0)[i];
        dio_fft_forward(f, x, bins, scratch);
        double in = 0, all = 0;
        for (int b = 200 * N / 48000; b < 1000 * N / 48000; b++) {
            double pitch = 69 + 12 * log2((double)b * 48000 / N / 440), power;
            power = bins[b].re * bins[b].re + bins[b].im * bins[b].im;
            all += power;
            in += cases[k].scale[llrint(pitch) % 12] == 'x' ? power : 0;
        }
        print_message("%s: %.2f %% of the power in the key\n", cases[k].key, 100 * in / all);
        assert_true(in / all > 0.97); /* measured: 99.05 at least */
        dio_fft_destroy(f);
        free(bins);
        free(scratch);
        dio_clip_unref(clip);
    }
}

static void nothing_clicks(void **state)
{
    (void)state;
    double most = 0;
    for (int m = 0; dio_bed_moods[m]; m++) {
        dio_clip *clip = make((dio_bed){.mood = m, .seconds = 10, .seed = 11 + (uint64_t)m});
        most = fmax(most, click(clip));
        double mean = 0, left = 0, both = 0;
        for (int64_t i = 0; i < clip->length; i++) {
            double l = (double)dio_clip_channel(clip, 0)[i],
                   r = (double)dio_clip_channel(clip, 1)[i];
            mean += l / (double)clip->length;
            left += l * l + r * r;
            both += 2 * l * r;
        }
        assert_true(fabs(mean) < 1e-4);
        assert_true(both / left > 0.3); /* of one sound, where two channels become one */
        double crest = signal_db(signal_peak(clip) / signal_rms(clip, 0, 0, clip->length));
        print_message("%s: crest %.1f dB, %.2f alike\n", dio_bed_moods[m], crest, both / left);
        assert_true(crest > 8 && crest < 22);
        dio_clip_unref(clip);
    }
    print_message("the sharpest corner is %.1f times the sharp ones\n", most);
    assert_true(most < 4); /* measured: 2.0 */
}

static void seeds_make_pieces(void **state)
{
    (void)state;
    dio_bed bed = {.mood = DIO_BED_BRIGHT, .seconds = 3, .seed = 5, .rate = 24000};
    dio_clip *a = make(bed), *b = make(bed);
    bed.seed = 6;
    dio_clip *c = make(bed);
    size_t bytes = 2 * (size_t)a->length * sizeof(float);
    assert_int_equal(a->rate, 24000);
    assert_memory_equal(dio_clip_channel(a, 0), dio_clip_channel(b, 0), bytes);
    assert_memory_not_equal(dio_clip_channel(a, 0), dio_clip_channel(c, 0), bytes);
    dio_clip_unref(a);
    dio_clip_unref(b);
    dio_clip_unref(c);
}

/* ---- scores ---- */

/* The last chord falls on a bar, rings for one to two of them, and nothing begins after it; the
 * tempo is within 6 %. */
static void pieces_end_on_a_bar(void **state)
{
    (void)state;
    for (double seconds = 4; seconds < 70; seconds *= 1.37) {
        for (int m = 0; dio_bed_moods[m]; m++) {
            dio_bed bed = {.mood = m, .seconds = seconds, .tempo = 100, .seed = (uint64_t)m};
            bed_score score = {.arena = dio_arena_create(), .seed = bed.seed};
            bed_compose(&bed, bed_style_of(m), &score);
            double end = 0, first = 1e9;
            for (int i = 0; i < score.count; i++) {
                const bed_note *n = &score.notes[i];
                assert_true(n->start >= 0 && n->start < seconds);
                assert_true(n->strength > 0 && n->strength <= 1 && fabs(n->pan) <= 1);
                if (n->player == BED_PAD) {
                    end = fmax(end, n->start);
                    first = n->start > 0 ? fmin(first, n->start) : first;
                }
            }
            double bar = first, bars = end / bar;
            assert_true(fabs(bars - round(bars)) < 1e-9);
            assert_true(bar <= 2.4 * 1.0601 && (bar >= 2.4 / 1.0601 || bars < 1.5));
            assert_true(seconds - end > 0.39 * fmin(bar, seconds) && seconds - end < 2.2 * bar);
            dio_arena_destroy(score.arena);
        }
    }
}

static void chords_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool minor;
        int count, tone[4];
    } cases[] = {{"I", false, 3, {0, 4, 7}},        {"vi", false, 3, {9, 12, 16}},
                 {"IV7", false, 4, {5, 9, 12, 16}}, {"V", true, 3, {7, 11, 14}},
                 {"v7", true, 4, {7, 10, 14, 17}},  {"VII", true, 3, {10, 14, 17}},
                 {"III", true, 3, {3, 7, 10}},      {"ii", false, 3, {2, 5, 9}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *line = cases[i].line;
        bed_chord chord;
        assert_true(bed_chord_next(&line, cases[i].minor, &chord));
        assert_int_equal(chord.count, cases[i].count);
        assert_memory_equal(chord.tone, cases[i].tone, (size_t)chord.count * sizeof(int));
        assert_false(bed_chord_next(&line, false, &chord));
    }
    for (int m = 0; dio_bed_moods[m]; m++) { /* every line of the data is one, to its end */
        for (int minor = 0; minor < 2; minor++) {
            const bed_style *style = bed_style_of(m);
            for (int i = 0; i < 4; i++) {
                const char *line = (minor ? style->minor_chords : style->major_chords)[i];
                bed_chord chord;
                while (line && bed_chord_next(&line, minor, &chord))
                    ;
                assert_true(!line || !*line);
                assert_true(!style->figures[i] || strlen(style->figures[i]) == 8);
            }
        }
    }
}

static void refuse(dio_bed bed, const char *why)
{
    dio_error err = {0};
    assert_null(dio_bed_make(&bed, &err));
    assert_string_equal(err.message, why);
}

static void bad_wishes_are_refused(void **state)
{
    (void)state;
    refuse((dio_bed){.seconds = 0.1}, "music of 0.1 seconds: there are 0.3 to 1800");
    refuse((dio_bed){.seconds = NAN}, "music of nan seconds: there are 0.3 to 1800");
    refuse((dio_bed){.seconds = 5, .tempo = 10}, "music at 10 beats a minute: there are 40 to 200");
    refuse((dio_bed){.seconds = 5, .rate = 8000}, "music at 8000 samples a second: 16000 at least");
    refuse((dio_bed){.seconds = 5, .key = "H"}, "music in the key \"H\": A to G, then # or b, then "
                                                "\"m\" or \" major\", as in \"F#m\"");
    refuse((dio_bed){.seconds = 5, .key = "C lydian"},
           "music in the key \"C lydian\": A to G, then # or b, then \"m\" or \" major\", as in "
           "\"F#m\"");
    refuse((dio_bed){.seconds = 5, .mood = 9}, "music of kind 0 and mood 9: there are none such");
    refuse((dio_bed){.seconds = 5, .lufs = 3}, "music at 3 LUFS: there are -60 to -5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beds_are_as_long_and_loud_as_asked),
        cmocka_unit_test(keys_are_kept),
        cmocka_unit_test(nothing_clicks),
        cmocka_unit_test(seeds_make_pieces),
        cmocka_unit_test(pieces_end_on_a_bar),
        cmocka_unit_test(chords_are_read),
        cmocka_unit_test(bad_wishes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
