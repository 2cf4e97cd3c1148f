/* test_film.c: films as they are written: read back by FFmpeg's demuxer and decoder, compared with
 * the frames that went in, and made twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/gang.h"
#include "fusion/av.h"
#include "fusion/av_probe.h"
#include "fusion/film.h"

static const dio_words words = {
    .product = "Lumo Lamp",
    .headline = "Light that lets you stay up with the book",
    .subline = "No glare, no hum, just the page.",
    .body = "A soft, even light over your desk, so evenings last a little longer.",
    .cta = "Try it for 30 nights",
    .hashtags = "#LumoLamp #SoftLight",
};

struct fixture {
    dio_arena *arena;
    dio_fonts *fonts;
    dio_palettes palettes;
    const dio_preset *preset;
    char dir[64];
};

static int setup(void **state)
{
    static struct fixture f;
    dio_error err = {0};
    f.arena = dio_arena_create();
    f.fonts = dio_fonts_open("assets", &err);
    if (!f.fonts || !dio_palettes_read(f.arena, "assets", &f.palettes, &err) ||
        !(f.preset = dio_preset_read(f.arena, "assets", "square-1x1", &err)))
        fail_msg("%s", err.message);
    strcpy(f.dir, "/tmp/diorama-film-XXXXXX");
    assert_non_null(mkdtemp(f.dir));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rmdir(f->dir);
    dio_fonts_close(f->fonts);
    dio_arena_destroy(f->arena);
    return 0;
}

static dio_film *make_film(struct fixture *f, double seconds)
{
    dio_error err = {0};
    dio_film *film = dio_film_create(f->fonts, f->preset, &f->palettes.list[0], &words, seconds, 7,
                                     DIO_SPACE_BT709, &err);
    if (!film)
        fail_msg("%s", err.message);
    return film;
}

static void write_film(struct fixture *f, const char *path, double seconds)
{
    dio_error err = {0};
    dio_film *film = make_film(f, seconds);
    dio_video *v = dio_video_open(path,
                                  &(dio_video_settings){.width = f->preset->width,
                                                        .height = f->preset->height,
                                                        .fps = 30,
                                                        .frames = dio_film_frames(film),
                                                        .quality = 19,
                                                        .title = "a film"},
                                  &err);
    for (int i = 0; v && i < dio_film_frames(film); i++) {
        dio_canvas c;
        assert_true(dio_video_canvas(v, &c, &err));
        dio_film_frame(film, i, &c);
        assert_true(dio_video_put(v, &err));
    }
    if (!v || !dio_video_close(v, &err))
        fail_msg("%s", err.message);
    dio_film_destroy(film);
}

static const char *path_in(struct fixture *f, const char *name)
{
    return dio_path_join(f->arena, f->dir, name);
}

/* Peak signal to noise of the luma, dB. */
static double psnr(const dio_canvas *a, const dio_canvas *b)
{
    double sum = 0;
    for (int y = 0; y < a->h; y++) {
        for (int x = 0; x < a->w; x++) {
            double d = a->plane[0].data[y * a->plane[0].stride + x] -
                       b->plane[0].data[y * b->plane[0].stride + x];
            sum += d * d;
        }
    }
    return 10 * log10(255.0 * 255.0 * a->w * a->h / (sum + 1e-9));
}

static void a_film_is_what_platforms_ask_for(void **state)
{
    struct fixture *f = *state;
    const char *path = path_in(f, "a.mp4");
    dio_error err = {0};
    dio_media_facts m;
    write_film(f, path, 2.5);
    if (!dio_media_probe(path, &m, &err))
        fail_msg("%s", err.message);
    assert_string_equal(m.video, "h264");
    assert_string_equal(m.profile, "High");
    assert_string_equal(m.pixels, "yuv420p");
    assert_int_equal(m.width, 1080);
    assert_int_equal(m.height, 1080);
    assert_int_equal(m.fps_num, 30 * m.fps_den);
    assert_int_equal(m.frames, 75);
    assert_true(m.bt709);
    assert_true(m.faststart);
    assert_true(m.keyframe_gap <= 60);
    assert_string_equal(m.audio, "aac");
    assert_int_equal(m.sample_rate, 48000);
    assert_int_equal(m.channels, 2);
    assert_true(fabs(m.seconds - 2.5) < 1e-6);
    assert_true(fabs(m.audio_seconds - 2.5) < 0.5 / 30); /* half a frame; measured 0 */
    assert_true(m.video_start == 0 && m.audio_start == 0);
    unlink(path);
}

static void pictures_survive_the_codec(void **state)
{
    struct fixture *f = *state;
    const char *path = path_in(f, "b.mp4");
    dio_error err = {0};
    write_film(f, path, 2);
    dio_film *film = make_film(f, 2);
    static const int moments[] = {0, 14, 59};
    for (int i = 0; i < 3; i++) {
        dio_canvas drawn, read;
        assert_true(dio_canvas_init(&drawn, DIO_SPACE_BT709, 1080, 1080, &err));
        if (!dio_media_frame(path, moments[i], &read, &err))
            fail_msg("%s", err.message);
        dio_film_frame(film, moments[i], &drawn);
        double quality = psnr(&drawn, &read);
        print_message("frame %d: %.1f dB\n", moments[i], quality);
        assert_true(quality > 44); /* measured 48.0 to 53.8 */
        dio_canvas_deinit(&drawn);
        dio_canvas_deinit(&read);
    }
    dio_film_destroy(film);
    unlink(path);
}

static const char *hash_of(struct fixture *f, const char *path)
{
    dio_error err = {0};
    char hash[DIO_HASH_TEXT];
    assert_true(dio_hash_file(path, hash, &err));
    return dio_arena_strdup(f->arena, hash);
}

static void the_same_film_has_the_same_bytes(void **state)
{
    struct fixture *f = *state;
    const char *path = path_in(f, "c.mp4");
    int threads = dio_gang_size();
    dio_gang_resize(2);
    write_film(f, path, 1);
    const char *first = hash_of(f, path);
    dio_gang_resize(1);
    write_film(f, path, 1);
    assert_string_equal(hash_of(f, path), first);
    dio_gang_resize(threads);
    unlink(path);
}

static void same_planes(const dio_canvas *a, const dio_canvas *b)
{
    for (int i = 0; i < 3; i++)
        for (int y = 0; y < a->plane[i].h; y++)
            assert_memory_equal(a->plane[i].data + (size_t)y * (size_t)a->plane[i].stride,
                                b->plane[i].data + (size_t)y * (size_t)b->plane[i].stride,
                                (size_t)a->plane[i].w);
}

/* Frames do not depend on which were drawn before. */
static void frames_stand_alone(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_canvas a, b;
    assert_true(dio_canvas_init(&a, DIO_SPACE_BT709, 1080, 1080, &err));
    assert_true(dio_canvas_init(&b, DIO_SPACE_BT709, 1080, 1080, &err));
    dio_film *film = make_film(f, 4);
    dio_film_frame(film, 50, &a);
    dio_film_frame(film, 3, &b);
    dio_film_frame(film, 119, &b);
    dio_film_frame(film, 50, &b);
    same_planes(&a, &b);
    dio_film_destroy(film);
    dio_canvas_deinit(&a);
    dio_canvas_deinit(&b);
}

/* The ground moves by less than a pixel a frame, and nothing jumps while a scene stands. */
static void the_ground_moves_slowly(void **state)
{
    struct fixture *f = *state;
    dio_error err = {0};
    dio_canvas a, b;
    assert_true(dio_canvas_init(&a, DIO_SPACE_BT709, 1080, 1080, &err));
    assert_true(dio_canvas_init(&b, DIO_SPACE_BT709, 1080, 1080, &err));
    dio_film *film = make_film(f, 8);
    dio_film_frame(film, 120, &a);
    dio_film_frame(film, 121, &b);
    double step = psnr(&a, &b);
    dio_film_frame(film, 150, &b);
    double later = psnr(&a, &b);
    print_message("one frame on %.1f dB, one second on %.1f dB\n", step, later);
    assert_true(step > 50);        /* measured 61.6 */
    assert_true(later < step - 6); /* measured 38.9: it does move */
    dio_film_destroy(film);
    dio_canvas_deinit(&a);
    dio_canvas_deinit(&b);
}

static void what_is_broken_off_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    const char *path = path_in(f, "d.mp4");
    dio_error err = {0};
    dio_film *film = make_film(f, 1);
    dio_video *v = dio_video_open(
        path, &(dio_video_settings){1080, 1080, 30, dio_film_frames(film), 19, ""}, &err);
    assert_non_null(v);
    dio_canvas c;
    for (int i = 0; i < 12; i++) {
        assert_true(dio_video_canvas(v, &c, &err));
        dio_film_frame(film, i, &c);
        assert_true(dio_video_put(v, &err));
    }
    dio_video_abort(v);
    dio_film_destroy(film);
    assert_false(dio_file_exists(path));
    assert_null(
        dio_video_open("/nonexistent/x.mp4", &(dio_video_settings){64, 64, 30, 1, 19, ""}, &err));
    assert_int_not_equal(err.kind, DIO_ERROR_NONE);
}

static void what_is_no_film_is_refused(void **state)
{
    (void)state;
    dio_error err = {0};
    dio_media_facts m;
    assert_false(dio_media_probe("tests/fusion/test_film.c", &m, &err));
    assert_non_null(strstr(err.message, "not a film that can be read"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_film_is_what_platforms_ask_for),
        cmocka_unit_test(pictures_survive_the_codec),
        cmocka_unit_test(the_same_film_has_the_same_bytes),
        cmocka_unit_test(frames_stand_alone),
        cmocka_unit_test(the_ground_moves_slowly),
        cmocka_unit_test(what_is_broken_off_leaves_nothing),
        cmocka_unit_test(what_is_no_film_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
