/* test_check.c: each rule of `diorama check` with a file that breaks it and nothing else; files
 * that break none; what cannot be known is a note. The files are made here, by our own writers or
 * byte by byte. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/clip_io.h"
#include "base/file.h"
#include "base/str.h"
#include "fusion/av.h"
#include "fusion/check.h"
#include "step_case.h"
#include "tests/audio/signals.h"
#include "vision/image_io.h"

struct fixture {
    dio_arena *arena;
    char dir[64];
};

static const char *in(struct fixture *f, const char *name)
{
    return dio_path_join(f->arena, f->dir, name);
}

static void put(struct fixture *f, const char *name, const void *bytes, size_t n)
{
    dio_error err = {0};
    if (!dio_file_write(in(f, name), bytes, n, &err))
        fail_msg("%s", err.message);
}

/* --- the files --- */

/* Three seconds of a grey that moves; a tone of `db` in both channels, or silence. */
static void make_film(struct fixture *f, const char *name, int w, int h, int fps, double db)
{
    dio_error err = {0};
    dio_clip *tone = db < 0 ? signal_tone(48000, 2, 3, 997, db) : NULL;
    dio_video *v = dio_video_open(in(f, name),
                                  &(dio_video_settings){.width = w,
                                                        .height = h,
                                                        .fps = fps,
                                                        .frames = 3 * fps,
                                                        .quality = 30,
                                                        .title = "",
                                                        .sound = tone},
                                  &err);
    for (int i = 0; v && i < 3 * fps; i++) {
        dio_canvas c;
        assert_true(dio_video_canvas(v, &c, &err));
        for (int p = 0; p < 3; p++)
            memset(c.plane[p].data, p ? 128 : 60 + i,
                   (size_t)c.plane[p].stride * (size_t)c.plane[p].h);
        assert_true(dio_video_put(v, &err));
    }
    if (!v || !dio_video_close(v, &err))
        fail_msg("%s: %s", name, err.message);
    dio_clip_unref(tone);
}

static void make_picture(struct fixture *f, const char *name, int w, int h, int channels)
{
    dio_error err = {0};
    dio_form form = {DIO_DEPTH_U8, DIO_CURVE_SRGB, channels, false};
    dio_image *image = dio_image_create(w, h, &form, &err);
    assert_non_null(image);
    memset(dio_image_row(image, 0), 90, (size_t)h * dio_image_row_bytes(image));
    if (!dio_image_write(image, in(f, name), NULL, &err))
        fail_msg("%s", err.message);
    dio_image_unref(image);
}

static void make_sound(struct fixture *f, const char *name, int rate, int channels, double db)
{
    dio_error err = {0};
    dio_clip *clip = signal_tone(rate, channels, 4, 997, db);
    if (!dio_clip_write(clip, in(f, name), NULL, &err))
        fail_msg("%s", err.message);
    dio_clip_unref(clip);
}

/* 64x32; loops as NETSCAPE2.0 writes them, -1: no such block; each frame waits `delay` hundredths.
 */
static void make_gif(struct fixture *f, const char *name, int frames, int loops, int delay)
{
    dio_str s = {0};
    dio_str_put(&s, "GIF89a\x40\0\x20\0\x80\0\0\0\0\0\xff\xff\xff", 19);
    if (loops >= 0) {
        dio_str_put(&s, "\x21\xff\x0bNETSCAPE2.0\x03\x01", 16);
        dio_str_putc(&s, (char)(loops & 255));
        dio_str_putc(&s, (char)(loops >> 8));
        dio_str_putc(&s, 0);
    }
    for (int i = 0; i < frames; i++) {
        dio_str_put(&s, "\x21\xf9\x04\0", 4);
        dio_str_putc(&s, (char)(delay & 255));
        dio_str_putc(&s, (char)(delay >> 8));
        dio_str_put(&s, "\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0", 17);
    }
    dio_str_putc(&s, 0x3b);
    put(f, name, s.text, s.length);
    dio_str_deinit(&s);
}

static int setup(void **state)
{
    static struct fixture f = {NULL, "/tmp/diorama-check-XXXXXX"};
    f.arena = dio_arena_create();
    if (!mkdtemp(f.dir))
        return -1;
    make_film(&f, "film.mp4", 64, 96, 25, -14);
    make_film(&f, "wide.mp4", 96, 64, 25, -14);
    make_film(&f, "half.mp4", 32, 48, 25, -14);
    make_film(&f, "silent.mp4", 64, 96, 25, 0);
    make_picture(&f, "picture.png", 64, 32, 4);
    make_picture(&f, "opaque.png", 64, 32, 3);
    make_picture(&f, "odd.png", 60, 32, 4);
    make_picture(&f, "picture.jpg", 64, 32, 3);
    make_sound(&f, "sound.wav", 48000, 2, -16);
    make_sound(&f, "loud.wav", 48000, 2, -3);
    make_sound(&f, "coarse.wav", 16000, 2, -16);
    make_sound(&f, "four.wav", 48000, 4, -22);
    make_gif(&f, "moves.gif", 4, 1, 50);
    make_gif(&f, "endless.gif", 4, 0, 50);
    make_gif(&f, "often.gif", 4, 4, 50);
    make_gif(&f, "fast.gif", 40, -1, 2);
    make_gif(&f, "slow.gif", 4, 2, 200);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    dio_arena_destroy(f->arena);
    return step_clear(f->dir);
}

/* --- presets --- */

static const char film_preset[] =
    "title: Film\nsource: a test\nchecked: \"2026-11-22\"\nwidth: 64\nheight: 96\n"
    "film:\n"
    "  formats: [mp4, mov]\n"
    "  video: [h264]\n"
    "  profiles: [Main, High]\n"
    "  pixels: [yuv420p]\n"
    "  audio: [aac]\n"
    "  bytes: 200 kB\n"
    "  least_fps: 24\n"
    "  most_fps: 30\n"
    "  least_kbps: 1\n"
    "  most_kbps: 1000\n"
    "  least_seconds: 2\n"
    "  most_seconds: 4\n"
    "  least_rate: 44100\n"
    "  channels: 2\n"
    "  loudness: {lufs: -14, tolerance: 1, true_peak: -1}\n"
    "  captions: {speed: 20, line: 24, lines: 2, least: 0.5, most: 2}\n";

static const char picture_preset[] =
    "title: Banner\nsource: a test\nchecked: \"2026-11-22\"\nwidth: 64\nheight: 32\n"
    "picture:\n"
    "  formats: [png, gif, jpeg]\n"
    "  bytes: 2 kB\n"
    "  most_seconds: 15\n"
    "  most_fps: 30\n"
    "  loops: 3\n";

static const char sheet_preset[] =
    "title: Sheet\nsource: a test\nchecked: \"2026-11-22\"\n"
    "sheet: {formats: [png], most_width: 128, most_height: 128, power_of_two: true, alpha: true}\n";

static const char sound_preset[] =
    "title: Podcast\nsource: a test\nchecked: \"2026-11-22\"\n"
    "sound: {formats: [wav, flac], audio: [pcm_s16le], least_rate: 44100, channels: 2, loudness: "
    "{lufs: -16, tolerance: 1, true_peak: -1}}\n";

static const char good_captions[] = "1\n00:00:00,100 --> 00:00:01,500\nLight without glare\n\n"
                                    "2\n00:00:01,500 --> 00:00:02,900\nfor late readers\n";

/* `text` with the first `from` in it replaced. */
static const char *replaced(dio_arena *a, const char *text, const char *from, const char *to)
{
    const char *at = from ? strstr(text, from) : NULL;
    if (!from)
        return text;
    assert_non_null(at);
    return dio_arena_printf(a, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void judge(struct fixture *f, const char *file, const char *preset, const char *captions,
                  dio_verdict *v)
{
    dio_error err = {0};
    put(f, "p.yaml", preset, strlen(preset));
    if (captions)
        put(f, "c.srt", captions, strlen(captions));
    dio_check_job job = {"assets", in(f, file), in(f, "p.yaml"), captions ? in(f, "c.srt") : NULL};
    if (!dio_asset_check(f->arena, &job, v, &err))
        fail_msg("%s: %s", file, err.message);
}

/* --- every rule --- */

struct broken {
    const char *rule, *file, *preset, *from, *to, *captions, *says;
};

#define CUE(first, second, text) "1\n" first " --> " second "\n" text "\n"

static const struct broken cases[] = {
    {"kind", "sound.wav", film_preset, NULL, NULL, NULL, "it is a sound, and p takes films"},
    {"kind", "film.mp4", sheet_preset, NULL, NULL, NULL, "it is a film, and p takes sheets"},
    {"format", "film.mp4", film_preset, "[mp4, mov]", "[mov, webm]", NULL,
     "it is mp4, and p takes mov, webm"},
    {"format", "picture.jpg", picture_preset, "[png, gif, jpeg]", "[png]", NULL,
     "it is jpeg, and p takes png"},
    {"size", "wide.mp4", film_preset, NULL, NULL, NULL,
     "it is 96x64, and p is 64x96: compose it with preset p"},
    {"size", "half.mp4", film_preset, "bytes:", "least_width: 48\n  bytes:", NULL,
     "it is 32x48, and p is 64x96, or as small as 48x0 in that shape"},
    {"size", "picture.png", sheet_preset, "most_width: 128", "most_width: 32", NULL,
     "it is 64x32, and at most 32x128 is taken"},
    {"bytes", "film.mp4", film_preset, "200 kB", "1 kB", NULL, "at most 1 kB are taken"},
    {"alpha", "opaque.png", sheet_preset, NULL, NULL, NULL,
     "it has no alpha, and without one its ground covers what is behind"},
    {"power-of-two", "odd.png", sheet_preset, NULL, NULL, NULL,
     "it is 60x32, and both sides must be powers of two"},
    {"seconds", "film.mp4", film_preset, "least_seconds: 2", "least_seconds: 3.5", NULL,
     "it is 3 s long, and at least 3.5 s are taken"},
    {"seconds", "film.mp4", film_preset, "most_seconds: 4", "most_seconds: 2.5", NULL,
     "it is 3 s long, and at most 2.5 s are taken"},
    {"seconds", "slow.gif", picture_preset, NULL, NULL, NULL,
     "it is 24 s long with all its repeats, and at most 15 s are taken"},
    {"fps", "film.mp4", film_preset, "least_fps: 24", "least_fps: 26", NULL,
     "it has 25 frames a second, and at least 26 are taken"},
    {"fps", "fast.gif", picture_preset, NULL, NULL, NULL,
     "it has 50 frames a second, and at most 30 are taken"},
    {"loops", "endless.gif", picture_preset, NULL, NULL, NULL,
     "it plays for ever, and may play 3 times"},
    {"loops", "often.gif", picture_preset, NULL, NULL, NULL,
     "it plays 5 times, and may play 3 times"},
    {"bitrate", "film.mp4", film_preset, "least_kbps: 1\n", "least_kbps: 900\n", NULL,
     "kbit/s, and at least 900 are taken"},
    {"bitrate", "film.mp4", film_preset, "most_kbps: 1000", "most_kbps: 2", NULL,
     "kbit/s, and at most 2 are taken"},
    {"video-codec", "film.mp4", film_preset, "[h264]", "[hevc, vp9]", NULL,
     "its codec is h264, and p takes hevc, vp9"},
    {"profile", "film.mp4", film_preset, "[Main, High]", "[Main]", NULL,
     "its profile is High, and p takes Main"},
    {"pixels", "film.mp4", film_preset, "[yuv420p]", "[yuv444p]", NULL,
     "its form of pixels is yuv420p, and p takes yuv444p"},
    {"audio-codec", "film.mp4", film_preset, "audio: [aac]", "audio: [opus]", NULL,
     "its sound's codec is aac, and p takes opus"},
    {"audio-codec", "sound.wav", sound_preset, "[pcm_s16le]", "[flac]", NULL,
     "its sound's codec is pcm_s16le, and p takes flac"},
    {"sample-rate", "coarse.wav", sound_preset, NULL, NULL, NULL,
     "its sound has 16000 samples a second, and at least 44100 are taken"},
    {"channels", "four.wav", sound_preset, "tolerance: 1", "tolerance: 10", NULL,
     "its sound has 4 channels, and at most 2 are taken"},
    {"silence", "film.mp4", film_preset, "bytes:", "silent: true\n  bytes:", NULL,
     "it has sound, and the placement plays none"},
    {"loudness", "film.mp4", film_preset, "lufs: -14", "lufs: -23", NULL,
     "LUFS, and -23 +-1 is wanted"},
    {"loudness", "sound.wav", sound_preset, "lufs: -16", "lufs: -14", NULL,
     "its loudness is -16.0 LUFS, and -14 +-1 is wanted"},
    {"true-peak", "loud.wav", sound_preset, "lufs: -16, tolerance: 1, true_peak: -1",
     "lufs: -3, tolerance: 1, true_peak: -6", NULL,
     "its true peak is -3.0 dBTP, and at most -6 is taken"},
    {"caption-times", "film.mp4", film_preset, NULL, NULL,
     CUE("-00:00:00,500", "00:00:01,000", "Light"),
     "cue 1 (line 2) begins 0.500 s before the film"},
    {"caption-times", "film.mp4", film_preset, NULL, NULL,
     CUE("00:00:02,000", "00:00:01,000", "Light"),
     "cue 1 (line 2) ends at 1.000 s, and begins at 2.000 s"},
    {"caption-times", "film.mp4", film_preset, NULL, NULL,
     CUE("00:00:02,500", "00:00:04,000", "Light"),
     "cue 1 (line 2) ends at 4.000 s, after the end at 3.000 s"},
    {"caption-overlap", "film.mp4", film_preset, NULL, NULL,
     CUE("00:00:00,000", "00:00:01,500", "Light") "\n" CUE("00:00:01,000", "00:00:02,000", "dark"),
     "cue 2 (line 6) begins at 1.000 s, before cue 1 ends at 1.500 s"},
    {"caption-speed", "film.mp4", film_preset, NULL, NULL,
     CUE("00:00:00,000", "00:00:00,800", "Forty characters, read\nby nobody in 0.8 s."),
     "cue 1 (line 2) has 51.2 characters a second, and 20 are read at most"},
    {"caption-stay", "film.mp4", film_preset, NULL, NULL,
     CUE("00:00:00,000", "00:00:00,300", "Light"),
     "cue 1 (line 2) stays 0.30 s, and 0.5 s is the least that is seen"},
    {"caption-stay", "film.mp4", film_preset, NULL, NULL,
     CUE("00:00:00,000", "00:00:02,500", "Light"),
     "cue 1 (line 2) stays 2.50 s, and 2 s is the most"},
    {"caption-length", "film.mp4", film_preset, NULL, NULL,
     CUE("00:00:00,000", "00:00:02,000", "A line of thirty-one characters"),
     "cue 1 (line 2) has a line of 31 characters, and 24 is the most"},
    {"caption-length", "film.mp4", film_preset, NULL, NULL,
     CUE("00:00:00,000", "00:00:02,000", "one\ntwo\nthree"),
     "cue 1 (line 2) has 3 lines, and 2 is the most"},
    {"caption-markup", "film.mp4", film_preset, NULL, NULL,
     CUE("00:00:00,000", "00:00:02,000", "<script>alert(1)</script>Light"),
     "cue 1 (line 2) holds <script>, which is no markup of captions: take it out"},
};

static void each_rule_is_broken_alone(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct broken *b = &cases[i];
        dio_verdict v;
        judge(f, b->file, replaced(f->arena, b->preset, b->from, b->to), b->captions, &v);
        int errors = 0;
        const dio_finding *found = NULL;
        for (int k = 0; k < v.count; k++) {
            errors += !v.list[k].note;
            found = v.list[k].note ? found : &v.list[k];
        }
        if (errors != 1 || v.ready || strcmp(found->rule, b->rule) != 0 ||
            !strstr(found->text, b->says))
            fail_msg("%s with %s:\n%s", b->rule, b->file, dio_verdict_text(f->arena, &v, false));
    }
}

/* All that a rule-breaker breaks is told at once. */
static void all_is_told_in_one_pass(void **state)
{
    struct fixture *f = *state;
    dio_verdict v;
    const char *preset = replaced(f->arena, film_preset, "200 kB", "1 kB");
    preset = replaced(f->arena, preset, "[h264]", "[vp9]");
    preset = replaced(f->arena, preset, "lufs: -14", "lufs: -23");
    judge(f, "wide.mp4", preset, CUE("00:00:02,000", "00:00:01,000", "<b>x</b><img src=y>"), &v);
    static const char *const rules[] = {"size",     "bytes",         "video-codec",
                                        "loudness", "caption-times", "caption-markup"};
    assert_int_equal(v.count, 6);
    for (int i = 0; i < 6; i++)
        assert_string_equal(v.list[i].rule, rules[i]);
    const char *json = dio_verdict_text(f->arena, &v, true);
    assert_non_null(strstr(json, "\"ready\":false"));
    assert_non_null(strstr(json, "\"rule\":\"caption-markup\",\"severity\":\"error\""));
}

static void is_ready(struct fixture *f, const char *file, const char *preset, const char *captions,
                     const char *note)
{
    dio_verdict v;
    judge(f, file, preset, captions, &v);
    bool noted = !note && v.count == 0;
    for (int i = 0; i < v.count; i++)
        noted = noted || (note && strstr(v.list[i].text, note));
    if (!v.ready || !noted)
        fail_msg("%s", dio_verdict_text(f->arena, &v, false));
}

static void what_breaks_nothing_is_ready(void **state)
{
    struct fixture *f = *state;
    is_ready(f, "film.mp4", film_preset, good_captions, NULL);
    is_ready(f, "half.mp4", replaced(f->arena, film_preset, "bytes:", "least_width: 32\n  bytes:"),
             NULL, NULL);
    is_ready(f, "silent.mp4", film_preset, NULL, "its sound is silence");
    is_ready(f, "picture.png", picture_preset, NULL, NULL);
    is_ready(f, "picture.jpg", picture_preset, NULL, NULL);
    is_ready(f, "moves.gif", picture_preset, NULL, NULL);
    is_ready(f, "picture.png", sheet_preset, NULL, NULL);
    is_ready(f, "sound.wav", sound_preset, NULL, NULL);
}

/* --- texts under buttons --- */

static const char zone_preset[] =
    "title: Story\nsource: a test\nchecked: \"2026-11-22\"\nwidth: 64\nheight: 32\n"
    "safe: {top: 10, right: 10, bottom: 10, left: 10}\n"
    "text: {top: 10, right: 10, bottom: 10, left: 10, headline: 10}\n"
    "scenery: {horizon: 90, sun_x: 50, sun_y: 95, sun_r: 1}\n"
    "picture:\n  formats: [png]\n  interface:\n    - {what: the button, left: 50, top: 60}\n";

static void put_record(struct fixture *f, const char *file, const char *boxes)
{
    char hash[DIO_HASH_TEXT];
    dio_error err = {0};
    assert_true(dio_hash_file(in(f, file), hash, &err));
    const char *text = dio_arena_printf(
        f->arena,
        "{\"steps\": [{\"run\": \"a\", \"notes\": {\"boxes\": [%s]}}], \"outputs\": [{\"run\": "
        "\"a\", \"sha256\": \"%s\"}]}",
        boxes, hash);
    put(f, "run.json", text, strlen(text));
}

static void texts_keep_off_the_interface(void **state)
{
    struct fixture *f = *state;
    dio_verdict v;
    remove(in(f, "run.json"));
    is_ready(f, "picture.png", zone_preset, NULL,
             "where its texts stand is not known: there is no run.json beside it");
    put_record(f, "picture.png",
               "{\"text\": \"headline\", \"x\": 7, \"y\": 4, \"w\": 20, \"h\": 10}");
    is_ready(f, "picture.png", zone_preset, NULL, NULL);
    is_ready(f, "opaque.png", zone_preset, NULL, "speaks of other files");
    put_record(f, "picture.png",
               "{\"text\": \"cta\", \"x\": 30, \"y\": 15, \"w\": 20, \"h\": 10, \"from\": 1, "
               "\"to\": 2.5}, {\"text\": \"body\", \"x\": 2, \"y\": 4, \"w\": 20, \"h\": 10}, "
               "{\"text\": \"odd\", \"x\": 1e300, \"y\": \"no\"}");
    judge(f, "picture.png", zone_preset, NULL, &v);
    assert_false(v.ready);
    assert_int_equal(v.count, 2);
    assert_string_equal(v.list[0].text,
                        "cta at 30,15 20x10 (1.0 to 2.5 s) is covered by the button");
    assert_string_equal(v.list[1].text, "body at 2,4 20x10 leaves the safe zone");
    put(f, "run.json", "[", 1);
    is_ready(f, "picture.png", zone_preset, NULL, "cannot be read");
    remove(in(f, "run.json"));
}

/* A poster that a pipeline has composed brings its boxes with it. */
static void what_we_compose_is_known(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_verdict v;
    static const char text[] =
        "version: 1\nname: own\nsteps:\n  - id: a\n    uses: compose.image@1\n    with: {preset: "
        "iab-320x50, product: Lumo, headline: Light, cta: Go}\n"
        "outputs:\n  a: {from: \"${{ steps.a.outputs.image }}\", path: deep/er/a.png}\n";
    if (!step_run(f->arena, f->dir, text, "out", &err))
        fail_msg("%s", err.message);
    dio_check_job job = {"assets", in(f, "out/deep/er/a.png"), "iab-320x50", NULL};
    assert_true(dio_asset_check(f->arena, &job, &v, &err));
    if (!v.ready || v.count)
        fail_msg("%s", dio_verdict_text(f->arena, &v, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_is_broken_alone),
        cmocka_unit_test(all_is_told_in_one_pass),
        cmocka_unit_test(what_breaks_nothing_is_ready),
        cmocka_unit_test(texts_keep_off_the_interface),
        cmocka_unit_test(what_we_compose_is_known),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
