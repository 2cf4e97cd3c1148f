/* test_narrator_memory.c: the narrator is opened and speaks, and a corpus is read, while memory
 * runs out at one place after the other: every time they either succeed or say so. */
#include "tests/fail_alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/narrator.h"
#include "audio/narrator_net.h"
#include "audio/speech_corpus.h"
#include "base/file.h"
#include "narrator_case.h"

/* Every allocation up to so many, then one in a growing number. */
enum { EACH = 120 };

static char root[64];
static dio_device *device;
static dio_narrator *narrator;

static bool opening(dio_error *err)
{
    dio_narrator *n = dio_narrator_open(root, DIO_F32, err);
    dio_narrator_close(n);
    return n != NULL;
}

static bool speaking(dio_error *err)
{
    static const dio_narrator_phone phones[] = {{0, 0, DIO_MARK_BEGIN}, {1, 2, 3}};
    dio_narrator_request r = {.phones = phones, .count = 2};
    dio_narration said = {0};
    dio_narrator_session *s = dio_narrator_session_create(narrator, device, err);
    bool ok = s && dio_narrator_speak(s, &r, &said, err);
    dio_narration_deinit(&said);
    dio_narrator_session_destroy(s);
    return ok;
}

static bool reading(dio_error *err)
{
    dio_speech_corpus *c = dio_speech_corpus_open(root, "pau aa b", "house deep", err);
    dio_speech_corpus_close(c);
    return c != NULL;
}

static void memory_runs_out(void **state)
{
    (void)state;
    fail_alloc_sweep("a narrator", opening, false, EACH);
    /* A graph says of a table that there is no memory for it as it says everything. */
    fail_alloc_sweep("an utterance", speaking, true, EACH);
    fail_alloc_sweep("a corpus", reading, true, EACH); /* a torn line says what it lacks */
}

static bool make(dio_arena *a, const dio_network_kind *kind, const char *name, const char *json,
                 dio_error *err)
{
    const dio_value *config = dio_json_parse(a, "config.json", json, strlen(json), err);
    dio_network *n = config ? dio_network_create(kind, config, 1, DIO_F32, err) : NULL;
    bool ok = n && dio_network_save(n, dio_path_join(a, root, name), DIO_F16, err);
    dio_network_close(n);
    return ok;
}

static int begin(void **state)
{
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    (void)state;
    snprintf(root, sizeof root, "/tmp/diorama-narrator-XXXXXX");
    bool ok =
        mkdtemp(root) &&
        make(a, &dio_narrator_acoustic, "acoustic",
             "{\"model_type\":\"narrator-acoustic\",\"phones\":\"pau aa b\",\"speakers\":\"house\","
             "\"width\":8,\"hidden\":8,\"encoder_layers\":1,\"decoder_layers\":1}",
             &err) &&
        make(a, &dio_narrator_vocoder, "vocoder",
             "{\"model_type\":\"narrator-vocoder\",\"width\":8,\"hidden\":8,\"layers\":1}", &err) &&
        (device = dio_device_open("cpu", &err)) &&
        (narrator = dio_narrator_open(root, DIO_F32, &err));
    if (ok)
        narrator_corpus(a, root);
    dio_arena_destroy(a);
    return ok ? 0 : -1;
}

static int end(void **state)
{
    char command[128];
    (void)state;
    dio_narrator_close(narrator);
    dio_device_close(device);
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_runs_out)};
    return cmocka_run_group_tests(tests, begin, end);
}
