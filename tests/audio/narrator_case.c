/* narrator_case.c: humming with phones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "narrator_case.h"

enum { SAMPLES = 12000, PITCHES = 100, PARTS = 2, EACH = 4 };

/* pau 0..2400, b ..4800, aa ..9600, pau ..12000: sound in the middle two. */
static void hum(int id, int16_t *samples, float *pitch)
{
    const double hz = 120 + 15 * id;
    for (int i = 0; i < SAMPLES; i++) {
        double turns = hz * i / 24000, level = i < 2400 || i >= 9600 ? 0.001 : 0.2;
        samples[i] = (int16_t)(32767 * level * (2 * (turns - floor(turns)) - 1));
    }
    for (int i = 0; i < PITCHES; i++)
        pitch[i] = i >= 20 && i < 80 ? (float)hz : 0;
}

static void write_part(dio_arena *a, const char *dir, int part)
{
    static int16_t samples[EACH * SAMPLES];
    static float pitch[EACH * PITCHES];
    dio_str list = {0};
    dio_error err = {0};
    for (int i = 0; i < EACH; i++) {
        int id = i * PARTS + part;
        hum(id, samples + i * SAMPLES, pitch + i * PITCHES);
        dio_str_printf(&list,
                       "{\"id\":%d,\"split\":\"%s\",\"kind\":\"bark\",\"text\":\"Bah%s\","
                       "\"speaker\":\"%s\",\"semitones\":%d,\"rate\":%s,\"begin\":%d,"
                       "\"samples\":%d,\"pitch\":[%d,%d],\"phones\":\"pau b aa pau\","
                       "\"stress\":[0,1,1,0],\"ends\":[2400,4800,9600,12000],"
                       "\"words\":[[\"Bah\",\"%s\",\"content\",1,3]]}\n",
                       id,
                       id == 0  ? "test"
                       : id < 3 ? "valid"
                                : "train",
                       id % 2 ? "?" : ".", id % 3 ? "house" : "deep", id == 5,
                       id == 6 ? "1.2" : "1", i * SAMPLES, SAMPLES, i * PITCHES, PITCHES,
                       id % 2 ? "?" : ".");
    }
    const char *to = dio_arena_printf(a, "%s/part-%d", dir, part);
    assert_true(dio_dir_make(to, &err));
    assert_true(dio_file_write(dio_path_join(a, to, "speech.s16"), samples, sizeof samples, &err));
    assert_true(dio_file_write(dio_path_join(a, to, "pitch.f32"), pitch, sizeof pitch, &err));
    assert_true(
        dio_file_write(dio_path_join(a, to, "utterances.jsonl"), list.text, list.length, &err));
    dio_str_deinit(&list);
}

void narrator_corpus(dio_arena *a, const char *dir)
{
    for (int part = 0; part < PARTS; part++)
        write_part(a, dir, part);
}
