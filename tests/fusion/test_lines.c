/* test_lines.c: audio.lines in a whole run, on a small narrator of drawn weights: a table becomes
 * files and a manifest that agree, the same bytes again, a row's sound its own; and what is
 * refused, all of it at once and before anything is written. */
#define _GNU_SOURCE
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

#include "audio/clip_io.h"
#include "audio/loudness.h"
#include "base/file.h"
#include "base/value.h"
#include "fusion/fusion.h"
#include "fusion/lines.h"
#include "speaker_case.h"
#include "step_case.h"

static const char form[] =
    "version: 1\nname: barks\nsteps:\n  - id: b\n    uses: audio.lines@1\n"
    "    with: {model: %s/voice, rows: t.csv%s}\noutputs:\n"
    "  s: {from: \"${{ steps.b.outputs.sounds }}\", path: barks}\n"
    "  m: {from: \"${{ steps.b.outputs.manifest }}\", path: barks/manifest.json}\n";

static const char table[] = "id,speaker,line,rate,energy,x-scene\n"
                            "halt,deep,\"Halt! Who goes there?\",,3,gate\n"
                            "yes,,\"Yes, \"\"boss\"\".\",1.2,,\n";

static char dir[64] = "/tmp/diorama-lines-XXXXXX";

static int setup(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    if (!mkdtemp(dir))
        return -1;
    speaker_make(a, dio_path_join(a, dir, "voice"));
    dio_arena_destroy(a);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return step_clear(dir);
}

static void put(dio_arena *a, const char *name, const char *text)
{
    dio_error err = {0};
    assert_true(dio_file_write(dio_path_join(a, dir, name), text, strlen(text), &err));
}

/* False with the first problem, before the run or in it. */
static bool run(dio_arena *a, const char *rows, const char *with, const char *out, dio_error *err)
{
    put(a, "t.csv", rows);
    return step_run(a, dir, dio_arena_printf(a, form, dir, with), out, err);
}

static const dio_value *spoken(dio_arena *a, const char *rows, const char *with, const char *out)
{
    dio_error err = {0};
    if (!run(a, rows, with, out, &err))
        fail_msg("%s", err.message);
    const char *path = dio_path_join(a, dir, dio_arena_printf(a, "%s/barks/manifest.json", out));
    const dio_value *v = dio_value_read(a, path, 1 << 20, &err);
    if (!v)
        fail_msg("%s", err.message);
    return v;
}

static const dio_value *line_at(const dio_value *manifest, int i)
{
    const dio_value *lines = dio_map_get(manifest, "lines");
    assert_true(lines->list.count > i);
    return lines->list.items[i];
}

static double number(const dio_value *v, const char *key)
{
    const dio_value *n = dio_map_get(v, key);
    assert_non_null(n);
    return n->kind == DIO_INT ? (double)n->integer : n->real;
}

static const char *text(const dio_value *v, const char *key)
{
    const dio_value *s = dio_map_get(v, key);
    assert_non_null(s);
    return s->string.text;
}

static dio_clip *sound(dio_arena *a, const char *out, const dio_value *line)
{
    dio_error err = {0};
    char hash[DIO_HASH_TEXT];
    const char *path =
        dio_path_join(a, dir, dio_arena_printf(a, "%s/barks/%s", out, text(line, "file")));
    dio_clip *clip = dio_clip_read(path, &err);
    if (!clip)
        fail_msg("%s", err.message);
    assert_true(dio_hash_file(path, hash, &err));
    assert_string_equal(hash, text(line, "sha256"));
    return clip;
}

static void a_table_becomes_files_and_a_manifest(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    const dio_value *m = spoken(a, table, "", "one");
    assert_int_equal(dio_map_get(m, "lines")->list.count, 2);
    assert_string_equal(text(line_at(m, 0), "id"), "halt");
    assert_string_equal(text(line_at(m, 0), "speaker"), "deep");
    assert_string_equal(text(line_at(m, 1), "speaker"), "house");
    assert_string_equal(text(line_at(m, 1), "text"), "Yes, \"boss\".");
    assert_true(number(line_at(m, 1), "rate") == 1.2);
    assert_true(number(line_at(m, 0), "energy") == 3);
    assert_string_equal(text(dio_map_get(line_at(m, 0), "x"), "scene"), "gate");
    for (int i = 0; i < 2; i++) {
        const dio_value *line = line_at(m, i), *words = dio_map_get(line, "words");
        double lufs, at = 0, seconds = number(line, "seconds");
        dio_clip *clip = sound(a, "one", line);
        assert_int_equal(clip->rate, 24000);
        assert_true(number(line, "samples") == (double)clip->length);
        assert_true(fabs(seconds - dio_clip_seconds(clip)) < 1e-9);
        assert_int_equal(words->list.count, i ? 2 : 4);
        for (int k = 0; k < words->list.count; k++) {
            assert_true(number(words->list.items[k], "start") >= at);
            at = number(words->list.items[k], "end");
            assert_true(at <= seconds);
        }
        assert_true(dio_clip_integrated(clip, &lufs, &err));
        print_message("%s: %.2f s, %.2f LUFS\n", text(line, "id"), seconds, lufs);
        assert_true(fabs(lufs + 16) < 0.1);
        dio_clip_unref(clip);
    }
    assert_true(dio_file_exists(dio_path_join(a, dir, "one/run.json")));
    dio_arena_destroy(a);
}

/* A row's bytes are the same in another table, at another place. */
static void a_rows_sound_is_its_own(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    const dio_value *one = spoken(a, table, "", "one");
    const dio_value *two = spoken(a,
                                  "line;id\n\"Stay back; or run.\";back\n\"Yes, \"\"boss\"\".\";"
                                  "yes\n",
                                  "", "two");
    const dio_value *three =
        spoken(a, "id,line,rate\nyes,\"Yes, \"\"boss\"\".\",1.2\n", "", "three");
    assert_string_equal(text(line_at(one, 1), "sha256"), text(line_at(three, 0), "sha256"));
    assert_string_not_equal(text(line_at(one, 1), "sha256"), text(line_at(two, 1), "sha256"));
    dio_arena_destroy(a);
}

static void how_files_are_written(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    const dio_value *m = spoken(
        a, table, ", format: flac, sample_rate: 44100, loudness: none, trim: false, speaker: deep",
        "flac");
    assert_string_equal(text(line_at(m, 1), "file"), "yes.flac");
    assert_string_equal(text(line_at(m, 1), "speaker"), "deep");
    dio_clip *clip = sound(a, "flac", line_at(m, 1));
    assert_int_equal(clip->rate, 44100);
    dio_clip_unref(clip);
    const dio_value *cut = spoken(a, table, ", loudness: none, speaker: deep", "cut");
    assert_true(number(line_at(cut, 1), "seconds") < number(line_at(m, 1), "seconds"));
    dio_arena_destroy(a);
}

/* What another run left in the folder stays there; what has the same name is replaced. */
static void a_folder_is_added_to(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    spoken(a, table, "", "more");
    spoken(a, "id,line\nback,Stay back.\n", "", "more");
    assert_true(dio_file_exists(dio_path_join(a, dir, "more/barks/halt.wav")));
    assert_true(dio_file_exists(dio_path_join(a, dir, "more/barks/back.wav")));
    dio_arena_destroy(a);
}

static void mistakes_are_told_before_a_word_is_said(void **state)
{
    static const struct {
        const char *rows, *with, *message;
    } cases[] = {
        {"id,text\na,b\n", "", "t.csv:1:1: error: the table has no column \"line\": what is said"},
        {"id,line\n", "", "t.csv:1:1: error: the table has no rows: there is nothing to say"},
        {"", "", "t.csv:1:1: error: the table is empty: its first row names the columns"},
        {"id,line\n../a,b\n", "",
         "t.csv:2:1: error: id: \"../a\": a file's name is letters, digits, - and _"},
        {"id,line\nCON,b\n", "",
         "t.csv:2:1: error: path \"CON\" is refused: it names a device of other systems"},
        {"id,line\na,b\nA,c\n", "", "t.csv:3:1: error: id: \"A\" is taken by the row in line 2"},
        {"id,line\na,\n", "", "t.csv:2:1: error: a line needs the key \"line\": what is said"},
        {"id,line,rate\na,b,fast\n", "",
         "t.csv:2:5: error: rate: expected a number, found \"fast\""},
        {"id,line,rate\na,b,9\nc,d,0\n", "", "t.csv:3:5: error: rate: 0 is below 0.25"},
        {"id,line,pich\na,b,1\n", "",
         "t.csv:1:9: error: unknown key \"pich\" in a line: did you mean \"pitch\"?"},
        {"id,line\na,b\n", ", loudness: loud", "error: loudness: there is no \"loud\""},
        {"id,line\na,b\n", ", sample_rate: 100", "sample_rate: 100 is below 8000"},
        {"id,line\na,b\n", ", format: mp3", "format: \"mp3\" is not one of wav, flac"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        assert_false(run(a, cases[i].rows, cases[i].with, "bad", &err));
        if (!strstr(err.message, cases[i].message))
            fail_msg("case %zu: \"%s\" does not contain \"%s\"", i, err.message, cases[i].message);
        assert_false(dio_file_exists(dio_path_join(a, dir, "bad")));
        dio_arena_destroy(a);
    }
}

/* What only the voice knows ends the run, and no file has a name then. */
static void mistakes_that_the_voice_finds(void **state)
{
    static const struct {
        const char *rows, *message;
    } cases[] = {
        {"id,line,speaker\na,Yes.,\nb,No.,dep\n",
         "the narrator has no voice \"dep\"; did you mean \"deep\"?"},
        {"id,line\na,Yes.\nb,?!\n", "the text says nothing: there is no word in it"},
        {"id,line\na,Yes.\nb,日本\n", "U+65E5"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_arena *a = dio_arena_create();
        dio_error err = {0};
        assert_false(run(a, cases[i].rows, "", "voice", &err));
        if (!strstr(err.message, cases[i].message))
            fail_msg("case %zu: \"%s\" does not contain \"%s\"", i, err.message, cases[i].message);
        print_message("%s:%d:%d: %s\n", err.file, err.line, err.column, err.message);
        assert_non_null(strstr(err.file, "t.csv"));
        assert_false(dio_file_exists(dio_path_join(a, dir, "voice/barks")));
        dio_arena_destroy(a);
    }
}

/* pipelines/game-barks.yaml as it is shipped, its example, and a small voice. */
static void the_example_is_rendered(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    const char *to = dio_path_join(a, dir, "game");
    dio_pipeline *p = dio_pipeline_open("pipelines/game-barks.yaml", "assets", &err);
    if (!p)
        fail_msg("%s", err.message);
    dio_pipeline_set(p, "lines=assets/examples/barks.csv");
    dio_pipeline_set(p, dio_arena_printf(a, "model=%s/voice", dir));
    dio_pipeline_set(p, "title=Moss Caves");
    if (!dio_pipeline_check(p, &(dio_check_options){.out = to}))
        fail_msg("%s", dio_pipeline_problems(p, NULL));
    /* The small voice knows two of the four speakers. */
    assert_false(dio_pipeline_run(p, &(dio_run_options){.out = to, .device = "cpu"}, &err));
    assert_non_null(strstr(err.message, "the narrator has no voice \"bright\""));
    assert_int_equal(err.line, 5);
    dio_pipeline_close(p);
    dio_arena_destroy(a);
}

static void tables_are_the_users(void **state)
{
    static const struct {
        const char *set, *message;
    } cases[] = {
        {"lines=assets/none.csv", "there is no file \"assets/none.csv\" in the current folder"},
        {"lines=../t.csv", "path \"../t.csv\" is refused: it contains \"..\""},
        {"lines=/etc/passwd", "path \"/etc/passwd\" is refused: it is absolute"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dio_error err = {0};
        dio_pipeline *p = dio_pipeline_open("pipelines/game-barks.yaml", "assets", &err);
        assert_non_null(p);
        dio_pipeline_set(p, cases[i].set);
        assert_false(dio_pipeline_check(p, &(dio_check_options){.out = "no-such-folder"}));
        if (!strstr(dio_pipeline_problems(p, NULL), cases[i].message))
            fail_msg("%s", dio_pipeline_problems(p, NULL));
        dio_pipeline_close(p);
    }
}

/* `diorama steps audio.lines` says what stands in which column. */
static void columns_describe_themselves(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    const char *help = dio_steps_text(a, "audio.lines", false, &err);
    assert_non_null(help);
    const char *columns = strstr(help, "columns of its table:");
    assert_non_null(columns);
    for (const dio_field *f = dio_line_fields; f->name; f++)
        if (!strstr(columns, f->doc))
            fail_msg("%s is not explained", f->name);
    const char *json = dio_steps_text(a, "audio.lines", true, &err);
    assert_non_null(strstr(json, "\"columns\""));
    dio_arena_destroy(a);
}

static void a_folder_goes_to_one_place(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    dio_error err = {0};
    put(a, "t.csv", table);
    const char *two = "  o: {from: \"${{ steps.b.outputs.sounds }}\", path: others}\n";
    const char *both = dio_arena_printf(a, "%s%s", dio_arena_printf(a, form, dir, ""), two);
    assert_false(step_run(a, dir, both, "both", &err));
    assert_non_null(strstr(err.message, "from: output \"s\" takes this folder already"));
    dio_arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_becomes_files_and_a_manifest),
        cmocka_unit_test(a_rows_sound_is_its_own),
        cmocka_unit_test(how_files_are_written),
        cmocka_unit_test(a_folder_is_added_to),
        cmocka_unit_test(mistakes_are_told_before_a_word_is_said),
        cmocka_unit_test(mistakes_that_the_voice_finds),
        cmocka_unit_test(the_example_is_rendered),
        cmocka_unit_test(tables_are_the_users),
        cmocka_unit_test(columns_describe_themselves),
        cmocka_unit_test(a_folder_goes_to_one_place),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
