/* test_narrator_sound.c: spectra by FFT in lanes give what the exact transform and the networks'
 * own products give, and the same bits in whatever pieces and by however many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "audio/fft.h"
#include "audio/fft_lanes.h"
#include "audio/narrator_impl.h"
#include "audio/narrator_source.h"
#include "base/gang.h"
#include "base/rng.h"
#include "base/value.h"
#include "tensor/ops.h"

enum { MELS = DIO_NARRATOR_MELS, HOP = DIO_NARRATOR_HOP, BINS = DIO_NARRATOR_BINS, MORE = 3 };

/* --- the transform --- */

/* How far a lane's spectrum is from the exact one, and the way back from n/2 times its samples,
 * against the largest of each. */
static void compare_lane(const dio_lanes *x, const dio_lanes *spectrum, const dio_lanes *back,
                         int n, int lane, double *off_there, double *off_back)
{
    dio_error err = {0};
    dio_fft *exact = dio_fft_create(n, &err);
    double *in = calloc((size_t)n, sizeof *in), most = 0;
    dio_complex *out = calloc((size_t)(n / 2 + 1) + dio_fft_room(exact), sizeof *out);
    for (int i = 0; i < n; i++)
        in[i] = (double)(i % 2 ? x[i / 2].im : x[i / 2].re)[lane];
    dio_fft_forward(exact, in, out, out + n / 2 + 1);
    for (int k = 0; k <= n / 2; k++)
        most = fmax(most, hypot(out[k].re, out[k].im));
    for (int k = 0; k <= n / 2; k++)
        *off_there = fmax(*off_there, hypot(out[k].re - (double)spectrum[k].re[lane],
                                            out[k].im - (double)spectrum[k].im[lane]) /
                                          most);
    for (int i = 0; i < n; i++) {
        double got = (double)(i % 2 ? back[i / 2].im : back[i / 2].re)[lane];
        *off_back = fmax(*off_back, fabs(got / (n / 2) - in[i]));
    }
    free(in);
    free(out);
    dio_fft_destroy(exact);
}

static void lanes_agree_with_the_exact_transform(void **state)
{
    (void)state;
    for (int n = DIO_LANES_FFT_LEAST; n <= DIO_LANES_FFT_MOST; n *= 2) {
        dio_error err = {0};
        dio_lanes_fft *f = dio_lanes_fft_create(n, &err);
        size_t half = (size_t)n / 2, bytes = half * sizeof(dio_lanes);
        dio_lanes *x = malloc(bytes), *work = malloc(bytes), *back = malloc(bytes);
        dio_lanes *spectrum = malloc(bytes + sizeof *spectrum),
                  *lost = malloc(bytes + sizeof *lost);
        double there = 0, again = 0;
        assert_true(f && x && work && back && spectrum && lost);
        for (size_t i = 0; i < half * 2 * DIO_LANES; i++)
            (&x->re[0])[i] = 2 * dio_uniform(1, (uint64_t)n, i) - 1;
        memcpy(work, x, bytes);
        dio_lanes_fft_forward(f, work, spectrum);
        memcpy(lost, spectrum, bytes + sizeof *lost);
        dio_lanes_fft_inverse(f, lost, back);
        for (int lane = 0; lane < DIO_LANES; lane++)
            compare_lane(x, spectrum, back, n, lane, &there, &again);
        printf("%4d samples: spectrum %.1e of its largest, back %.1e\n", n, there, again);
        assert_true(there < 8e-7 && again < 2e-6); /* 1.8e-7 and 4.8e-7 */
        free(x);
        free(work);
        free(back);
        free(spectrum);
        free(lost);
        dio_lanes_fft_destroy(f);
    }
}

static void other_lengths_are_refused(void **state)
{
    (void)state;
    dio_error err = {0};
    assert_null(dio_lanes_fft_create(24, &err));
    assert_non_null(strstr(err.message, "24 samples: powers of two from 16 to 4096"));
    assert_null(dio_lanes_fft_create(8, &err));
    assert_null(dio_lanes_fft_create(8192, &err));
    assert_null(dio_lanes_fft_create(-16, &err));
}

/* --- pieces --- */

enum { FRAMES = 45, CUT = 13 };

static void all_at_once_or_in_pieces(void **state)
{
    (void)state;
    enum { SOUND = (FRAMES + MORE) * HOP };
    float *filters = calloc(3 * FRAMES * BINS, sizeof *filters);
    float *source = calloc(2 * SOUND, sizeof *source), *sum = calloc(2 * SOUND, sizeof *sum);
    dio_error err = {0};
    dio_narrator_sound *s = dio_narrator_sound_create(&err);
    const int threads = dio_gang_size();
    assert_true(filters && source && sum && s);
    dio_normal(1, 1, 0, filters, 3 * FRAMES * BINS);
    dio_normal(1, 2, 0, source, 2 * SOUND);
    dio_narrator_sources in = {.re = filters,
                               .im = filters + FRAMES * BINS,
                               .breath = filters + 2 * FRAMES * BINS,
                               .pulses = source,
                               .noise = source + SOUND,
                               .count = FRAMES};
    assert_true(dio_narrator_sound_add(s, &in, sum, &err));
    dio_gang_resize(threads == 1 ? 2 : 1);
    for (int at = 0; at < FRAMES; at += CUT) {
        dio_narrator_sources part = in;
        part.re += at * BINS;
        part.im += at * BINS;
        part.breath += at * BINS;
        part.pulses += at * HOP;
        part.noise += at * HOP;
        part.count = FRAMES - at < CUT ? FRAMES - at : CUT;
        assert_true(dio_narrator_sound_add(s, &part, sum + SOUND + at * HOP, &err));
    }
    dio_gang_resize(threads);
    assert_memory_equal(sum, sum + SOUND, SOUND * sizeof *sum);
    dio_narrator_sound_destroy(s);
    free(filters);
    free(source);
    free(sum);
}

/* --- the vocoder's own products --- */

static const char config[] =
    "{\"model_type\":\"narrator-vocoder\",\"width\":32,\"hidden\":48,\"layers\":2}";

/* An utterance of more than a window, between frames that are not there. */
enum { SAID = 300, MARGIN = 24, ALL = SAID + 2 * MARGIN };

static void draw_utterance(struct speech *s)
{
    s->mel = dio_speech_row_room(s, MELS);
    s->tune = dio_speech_row_room(s, 2);
    s->there = dio_speech_row_room(s, 1);
    assert_true(s->mel && s->tune && s->there);
    dio_normal(2, 1, 0, s->mel, SAID * MELS);
    for (int f = 0; f < SAID; f++) {
        for (int m = 0; m < MELS; m++)
            s->mel[f * MELS + m] = 2 * s->mel[f * MELS + m] - 5;
        s->tune[2 * f + 1] = f % 100 < 70;
        s->tune[2 * f] = f % 100 < 70 ? (float)sin(f / 20.0) : 0;
        s->there[f] = 1;
    }
}

static void set(dio_plan *p, const char *name, const float *data, int64_t count)
{
    dio_error err = {0};
    if (!dio_plan_set(p, name, data, (size_t)count * sizeof *data, &err))
        fail_msg("%s", err.message);
}

/* The same with spectra as products: [(ALL - 1) * HOP], MARGIN hops before and behind. */
static float *by_products(struct speech *s, const dio_network *net)
{
    const int64_t sound = (ALL - 1) * HOP;
    dio_graph *g = dio_graph_create();
    dio_error err = {0};
    float *room = dio_speech_room(s, ALL * (MELS + 4) + 3 * sound), *mel = room,
          *tune = mel + ALL * MELS, *there = tune + ALL * 2, *hz = there + ALL, *pulses = hz + ALL,
          *noise = pulses + sound, *out = noise + sound;
    double phase = 0;
    dio_val y = s->n->voice->forward(g, net->model, dio_speech_numbers(g, "mel", ALL, MELS),
                                     dio_speech_numbers(g, "melody", ALL, 2),
                                     dio_input(g, "pulses", dio_type_2d(DIO_F32, 1, sound)),
                                     dio_input(g, "noise", dio_type_2d(DIO_F32, 1, sound)),
                                     dio_speech_numbers(g, "there", ALL, 1));
    dio_plan *p = dio_plan_create(g, &y, 1, false, s->session->device, NULL, &err);
    assert_non_null(p);
    memcpy(mel + MARGIN * MELS, s->mel, SAID * MELS * sizeof *mel);
    memcpy(tune + MARGIN * 2, s->tune, SAID * 2 * sizeof *tune);
    memcpy(there + MARGIN, s->there, SAID * sizeof *there);
    for (int f = 0; f < SAID; f++)
        hz[f] = s->tune[2 * f + 1] > 0 ? dio_narrator_hz_of(s->tune[2 * f]) : 0;
    dio_narrator_pulses(hz, SAID, 0, (SAID - 1) * HOP, &phase, pulses + MARGIN * HOP);
    dio_narrator_noise(s->r.seed, (1 << 20) - MARGIN * HOP, sound, noise);
    set(p, "mel", mel, ALL * MELS);
    set(p, "melody", tune, ALL * 2);
    set(p, "there", there, ALL);
    set(p, "pulses", pulses, sound);
    set(p, "noise", noise, sound);
    assert_true(dio_plan_run(p, &err));
    memcpy(out, dio_plan_output(p, 0, NULL), (size_t)sound * sizeof *out);
    dio_plan_destroy(p);
    dio_graph_destroy(g);
    return out;
}

static void filters_sound_as_the_products_do(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    const dio_value *json = dio_json_parse(a, "config.json", config, strlen(config), &err);
    dio_network *net = dio_network_create(&dio_narrator_vocoder, json, 5, DIO_F32, &err);
    assert_non_null(net);
    struct dio_narrator n = {.vocoder = net, .voice = net->family->ops};
    dio_device *device = dio_device_open("cpu", &err);
    dio_narrator_session *session = dio_narrator_session_create(&n, device, &err);
    struct speech s = {.n = &n, .session = session, .a = a, .frames = SAID, .err = &err};
    s.laid_to = s.mels_to = SAID;
    s.r.seed = 9;
    dio_clip *clip = dio_clip_create(DIO_NARRATOR_RATE, 1, (SAID - 1) * HOP + 100, &err);
    draw_utterance(&s);
    const float *wanted = by_products(&s, net) + MARGIN * HOP;
    assert_true(dio_speech_voice(&s, clip));
    double most = 0, off = 0;
    for (int64_t i = 0; i < clip->length; i++) {
        double x = (double)wanted[i];
        most = fmax(most, fabs(x));
        off = fmax(off, fabs(x - (double)dio_clip_channel(clip, 0)[i]));
    }
    printf("%lld samples: %.1e off, of %.2f\n", (long long)clip->length, off, most);
    assert_true(most > 0.1 && off < 1e-5 * most); /* 2.5e-6, most of it the products' */
    dio_clip_unref(clip);
    dio_narrator_session_destroy(session);
    dio_device_close(device);
    dio_network_close(net);
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_agree_with_the_exact_transform),
        cmocka_unit_test(other_lengths_are_refused),
        cmocka_unit_test(all_at_once_or_in_pieces),
        cmocka_unit_test(filters_sound_as_the_products_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
