/* test_narrator.c: the house narrator on networks small enough for a test: both trainings agree bit
 * for bit for any threads, a run that was stopped and resumed ends as one that was not, what was
 * trained speaks, and mistakes in recipes, corpora and requests are said where they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "audio/narrator.h"
#include "audio/narrator_places.h"
#include "audio/narrator_source.h"
#include "base/file.h"
#include "base/gang.h"
#include "narrator_case.h"
#include "tests/vision/recipe_case.h"

extern const dio_recipe_kind dio_recipe_kind_narrator_acoustic, dio_recipe_kind_narrator_vocoder;

static const dio_recipe_kind *const kinds[] = {&dio_recipe_kind_narrator_acoustic,
                                               &dio_recipe_kind_narrator_vocoder, NULL};

static const char acoustic[] =
    "version: 1\nkind: narrator-acoustic\nname: test/acoustic\nseed: 3\ncorpus: corpus\n"
    "model: {model_type: narrator-acoustic, phones: pau aa b, speakers: house deep,\n"
    "        width: 16, hidden: 24, encoder_layers: 1, decoder_layers: 2}\n"
    "batch: 2\nframes: 120\nrow_phones: 16\ntest_batches: 1\n"
    "train: {steps: 6, ema: 0.9, log_every: 2, eval_every: 4, eval_batches: 1,\n"
    "        checkpoint_every: 2}\n";

static const char vocoder[] =
    "version: 1\nkind: narrator-vocoder\nname: test/vocoder\nseed: 4\ncorpus: corpus\n"
    "phones: pau aa b\nspeakers: house deep\n"
    "model: {model_type: narrator-vocoder, width: 16, hidden: 24, layers: 1}\n"
    "batch: 2\nframes: 17\ntest_batches: 1\n"
    "train: {steps: 6, ema: 0.9, log_every: 2, eval_every: 4, eval_batches: 1,\n"
    "        checkpoint_every: 2}\n";

/* --- training --- */

/* Whole; and stopped after four of six steps with another number of threads, and resumed. */
static void repeat(const char *text, const char *dir)
{
    static const char *const names[] = {"model.safetensors", "checkpoint.safetensors",
                                        "training.json", "config.json"};
    dio_arena *a = dio_arena_create();
    const char *broken = dio_arena_printf(a, "%s-broken", dir);
    int threads = dio_gang_size();
    recipe_train(a, text, dir, 0, false);
    dio_gang_resize(threads == 1 ? 2 : 1);
    recipe_train(a, text, broken, 4, false);
    dio_gang_resize(threads);
    recipe_train(a, text, broken, 0, true);
    for (int i = 0; i < 4; i++)
        recipe_same_file(a, dir, broken, names[i]);
    dio_arena_destroy(a);
}

static void trainings_repeat_and_resume(void **state)
{
    (void)state;
    repeat(acoustic, "acoustic");
    repeat(vocoder, "vocoder");
}

static void wrong_recipes(void **state)
{
    (void)state;
    recipe_refused(acoustic, "model: {", "x-model: {", 1, "model: a recipe says what config.json");
    recipe_refused(acoustic, "corpus: corpus", "corpus: nowhere", 0, "nowhere/utterances.jsonl");
    recipe_refused(acoustic, "pau aa b", "pau aa", 1, "\"b\" is none of the model's");
    recipe_refused(acoustic, "house deep", "house", 1, "\"deep\" is none of the model's");
    recipe_refused(acoustic, "width: 16", "mels: 20", 7, "mels: the narrator's spectra have 100");
    recipe_refused(acoustic, "width: 16", "kernel: 4", 7, "kernel: 4 is not odd");
    recipe_refused(acoustic, "frames: 120", "frames: 15", 9, "frames: 15 is below 16");
    recipe_refused(acoustic, "test_batches: 1", "save: f8", 11, "save: f16 or f32, not \"f8\"");
    recipe_refused(vocoder, "phones: pau aa b\n", "", 1, "phones");
    recipe_refused(vocoder, "narrator-vocoder,", "narrator-acoustic,", 8,
                   "narrator-acoustic is a model of kind narrator-acoustic");
}

/* Each with one thing wrong in an otherwise whole line of the list. */
static void wrong_corpora(void **state)
{
    (void)state;
    static const struct {
        const char *part, *other, *message;
    } wrong[] = {
        {"\"samples\":12000", "\"samples\":12000000", "speech.s16 has fewer"},
        {"\"begin\":0", "\"begin\":9223372036854775807", "speech.s16 has fewer"},
        {"[0,100]", "[350,100]", "[first, count] of what pitch.f32 has"},
        {"2400,4800", "4800,2400", "ends: they rise"},
        {"[2400,", "[", "ends: one for each of the 4 phones"},
        {"pau b aa pau", "pau b aa", "ends: one for each of the 3 phones"},
        {"pau b aa pau", "pau b xx pau", "\"xx\" is none of the model's"},
        {"pau b aa pau", "", "phones: there is none"},
        {"[0,1,1,0]", "[0]", "stresses of 1"},
        {"\"content\",1,3", "\"content\",1,5", "a word: [text"},
        {"\"rate\":1", "\"rate\":0", "rate: 0 is not one"},
        {"\"id\":0", "\"id\":-1", "id: a whole number"},
    };
    dio_arena *a = dio_arena_create();
    size_t n;
    dio_error err = {0};
    const char *dir = recipe_path(a, "bad"), *list = dio_path_join(a, dir, "utterances.jsonl");
    narrator_corpus(a, dir);
    const char *part = dio_path_join(a, dir, "part-0");
    char *text = dio_file_read(a, dio_path_join(a, part, "utterances.jsonl"), 1 << 20, &n, &err);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *at = strstr(text, wrong[i].part);
        assert_non_null(at);
        char *bad = dio_arena_printf(a, "%.*s%s%s", (int)(at - text), text, wrong[i].other,
                                     at + strlen(wrong[i].part));
        err = (dio_error){0};
        list = dio_path_join(a, part, "utterances.jsonl");
        assert_true(dio_file_write(list, bad, strlen(bad), &err));
        recipe_refused(acoustic, "corpus: corpus", "corpus: bad", 1, wrong[i].message);
    }
    dio_arena_destroy(a);
}

/* --- speaking --- */

enum { COUNT = 5 };
static const dio_narrator_phone bah[COUNT] = {
    {0, 0, DIO_MARK_BEGIN}, {2, 0, DIO_MARK_FIRST},    {1, 2, 0},
    {1, 1, DIO_MARK_LAST},  {0, 0, DIO_MARK_QUESTION},
};

static dio_narrator *narrator;

static dio_narrator_session *begin(void)
{
    dio_error err = {0};
    narrator = dio_narrator_open(recipe_root, DIO_F32, &err);
    if (!narrator)
        fail_msg("%s", err.message);
    dio_narrator_session *s = dio_narrator_session_create(narrator, recipe_device, &err);
    assert_non_null(s);
    return s;
}

static void end(dio_narrator_session *s)
{
    dio_narrator_session_destroy(s);
    dio_narrator_close(narrator);
}

static dio_narration say(dio_narrator_session *s, const dio_narrator_request *r)
{
    dio_error err = {0};
    dio_narration said;
    if (!dio_narrator_speak(s, r, &said, &err))
        fail_msg("%s", err.message);
    assert_int_equal(said.count, r->count);
    assert_int_equal(said.clip->rate, 24000);
    assert_int_equal(said.ends[said.count - 1], said.clip->length);
    const float *x = dio_clip_channel(said.clip, 0);
    for (int64_t i = 0; i < said.clip->length; i++)
        assert_true(isfinite(x[i]) && fabsf(x[i]) < 100);
    return said;
}

static void same(const dio_narration *a, const dio_narration *b)
{
    assert_int_equal(a->clip->length, b->clip->length);
    assert_memory_equal(dio_clip_channel(a->clip, 0), dio_clip_channel(b->clip, 0),
                        (size_t)a->clip->length * sizeof(float));
    assert_memory_equal(a->ends, b->ends, (size_t)a->count * sizeof *a->ends);
}

static bool gather(void *user, const float *x, int64_t count)
{
    (void)x;
    *(int64_t *)user += count;
    return true;
}

static bool refuse(void *user, const float *x, int64_t count)
{
    (void)user, (void)x, (void)count;
    return false;
}

static void it_speaks_the_same_for_any_threads(void **state)
{
    (void)state;
    dio_narrator_session *s = begin();
    int64_t gathered = 0;
    dio_narrator_request r = {.phones = bah, .count = COUNT, .seed = 7};
    dio_narration one = say(s, &r);
    int threads = dio_gang_size();
    dio_gang_resize(threads == 1 ? 2 : 1);
    r.samples = gather;
    r.user = &gathered;
    dio_narration two = say(s, &r);
    dio_gang_resize(threads);
    same(&one, &two);
    assert_int_equal(gathered, one.clip->length);
    dio_error err = {0};
    dio_narration none;
    r.samples = refuse;
    assert_false(dio_narrator_speak(s, &r, &none, &err));
    assert_non_null(strstr(err.message, "stopped after"));
    assert_null(none.clip);
    dio_narration_deinit(&one);
    dio_narration_deinit(&two);
    end(s);
}

/* What a phone is told of those far away is the same for all that are: so the beginning has the
 * same bits however much follows, and whatever sizes the networks run at. */
static void what_follows_changes_nothing_before(void **state)
{
    (void)state;
    enum { LONG = 2000, SHORT = 600, SAME = 300 };
    static dio_narrator_phone phones[LONG];
    static dio_narrator_manner fixed[LONG];
    dio_narrator_session *s = begin();
    for (int i = 0; i < LONG; i++) {
        phones[i] = bah[1 + i % 3];
        fixed[i].seconds = 0.1f;
    }
    dio_narrator_request r = {.phones = phones, .manners = fixed, .count = LONG};
    dio_narration whole = say(s, &r);
    r.count = SHORT;
    dio_narration part = say(s, &r);
    assert_int_equal(whole.clip->length, LONG * 2400);
    assert_int_equal(part.clip->length, SHORT * 2400);
    assert_memory_equal(dio_clip_channel(whole.clip, 0), dio_clip_channel(part.clip, 0),
                        SAME * 2400 * sizeof(float));
    dio_narration_deinit(&whole);
    dio_narration_deinit(&part);
    end(s);
}

static void a_manner_is_followed(void **state)
{
    (void)state;
    dio_narrator_session *s = begin();
    dio_error err = {0};
    dio_narrator_manner manners[COUNT] = {[0] = {.seconds = 0.5f}};
    dio_narrator_request r = {.phones = bah, .manners = manners, .count = COUNT};
    float plain[COUNT], quick[COUNT], rate;
    assert_true(dio_narrator_durations(s, &r, plain, &err));
    r.rate = 2;
    assert_true(dio_narrator_durations(s, &r, quick, &err));
    double sum = 0;
    for (int i = 0; i < COUNT; i++) {
        assert_float_equal(quick[i], i ? plain[i] / 2 : 0.5f, 1e-6f);
        sum += (double)plain[i];
    }
    double wanted = 0.5 + (sum - 0.5) / 1.1;
    assert_true(dio_narrator_fit(s, &r, wanted, 0.8f, 1.25f, &rate, &err));
    assert_float_equal(rate, 1.1f, 1e-5f);
    r.rate = rate;
    dio_narration said = say(s, &r);
    assert_true(fabs((double)said.clip->length / 24000 - wanted) < 256.0 / 24000);
    assert_int_equal(said.ends[0], 12000);
    dio_narration_deinit(&said);
    assert_true(dio_narrator_fit(s, &r, 100, 0.8f, 1.25f, &rate, &err));
    assert_float_equal(rate, 0.8f, 0);
    assert_true(dio_narrator_fit(s, &r, 0.1, 0.8f, 1.25f, &rate, &err));
    assert_float_equal(rate, 1.25f, 0);
    end(s);
}

static void small_things_are_spoken(void **state)
{
    (void)state;
    dio_narrator_session *s = begin();
    dio_narration one = say(s, &(dio_narrator_request){.phones = bah + 2, .count = 1});
    dio_narration pause = say(s, &(dio_narrator_request){.phones = bah, .count = 1, .speaker = 1});
    dio_narration_deinit(&one);
    dio_narration_deinit(&pause);
    assert_int_equal(dio_narrator_find(narrator, "b"), 2);
    assert_int_equal(dio_narrator_find(narrator, "zz"), -1);
    assert_int_equal(dio_narrator_speaker(narrator, "deep"), 1);
    assert_string_equal(dio_narrator_speaker_name(narrator, 1), "deep");
    assert_null(dio_narrator_speaker_name(narrator, 2));
    end(s);
}

static void refused(dio_narrator_session *s, dio_narrator_request r, const char *message)
{
    dio_error err = {0};
    dio_narration said;
    assert_false(dio_narrator_speak(s, &r, &said, &err));
    if (!strstr(err.message, message))
        fail_msg("\"%s\" is not \"%s\"", err.message, message);
    assert_null(said.clip);
    assert_null(said.ends);
}

static void wrong_requests(void **state)
{
    (void)state;
    dio_narrator_session *s = begin();
    const dio_narrator_phone stranger = {3, 0, 0}, loud = {1, 3, 0}, odd = {1, 1, 15};
    const dio_narrator_manner nan = {.rate = NAN}, long_pause = {.seconds = 61};
    refused(s, (dio_narrator_request){.phones = bah}, "0 phones");
    refused(s, (dio_narrator_request){.count = 3}, "phones: there are 1 to 4096");
    refused(s, (dio_narrator_request){.phones = bah, .count = 4097}, "4097 phones");
    refused(s, (dio_narrator_request){.phones = bah, .count = 1, .speaker = 2},
            "speaker 2: this narrator has 2");
    refused(s, (dio_narrator_request){.phones = bah, .count = 1, .rate = 5},
            "rate: 5 is outside 0.25 to 4");
    refused(s, (dio_narrator_request){.phones = bah, .count = 1, .rate = NAN}, "rate: ");
    refused(s, (dio_narrator_request){.phones = bah, .count = 1, .semitones = 25}, "semitones");
    refused(s, (dio_narrator_request){.phones = bah, .count = 1, .db = INFINITY}, "dB");
    refused(s, (dio_narrator_request){.phones = bah, .manners = &nan, .count = 1}, "rate: ");
    refused(s, (dio_narrator_request){.phones = bah, .manners = &long_pause, .count = 1},
            "a pause's seconds: 61");
    refused(s, (dio_narrator_request){.phones = &stranger, .count = 1}, "number 3");
    refused(s, (dio_narrator_request){.phones = &loud, .count = 1}, "stress 3");
    refused(s, (dio_narrator_request){.phones = &odd, .count = 1}, "mark 15");
    end(s);
    dio_error err = {0};
    assert_null(dio_narrator_open("/nowhere", DIO_F32, &err));
    assert_non_null(strstr(err.message, "/nowhere/acoustic"));
}

/* --- what needs no network --- */

static void pulses_stand_where_the_pitch_has_them(void **state)
{
    (void)state;
    enum { FRAMES = 101, SAMPLES = (FRAMES - 1) * 256 };
    static float hz[FRAMES], x[SAMPLES];
    for (int i = 0; i < FRAMES; i++)
        hz[i] = i < 50 ? 187.5f : 0; /* 128 samples a pulse */
    double phase = 0, energy = 0, late = 0;
    dio_narrator_pulses(hz, FRAMES, 0, SAMPLES, &phase, x);
    for (int i = 0; i < SAMPLES; i++)
        *(i < 50 * 256 ? &energy : &late) += (double)x[i] * (double)x[i];
    assert_true(fabs(energy / (49.5 * 256) - 1) < 0.08); /* 0.05: the band is cut at 0.95 */
    assert_true(late < energy * 1e-4);
    assert_true(x[128] > 10 && fabsf(x[192]) < 0.01f && x[256] > 10);
}

static void places_are_counted_from_pauses(void **state)
{
    (void)state;
    float place[COUNT][DIO_NARRATOR_PLACE], within[5][DIO_NARRATOR_WITHIN];
    dio_narrator_place(bah, COUNT, place[0]);
    assert_float_equal(place[1][0], 0, 0);
    assert_float_equal(place[1][1], 2 / 16.0f, 0);
    assert_float_equal(place[3][0], 2 / 16.0f, 0);
    assert_float_equal(place[3][2], 1 / 8.0f, 0); /* a vowel before it */
    assert_float_equal(place[2][12], 1, 0);       /* its phrase ends with a question mark */
    assert_float_equal(place[0][14], 1, 0);
    const int64_t ends[] = {100, 512, 1100};
    int32_t phone[5];
    dio_narrator_within(ends, 3, dio_narrator_frames(1100), phone, within[0]);
    assert_int_equal(phone[0], 0);
    assert_int_equal(phone[1], 1);
    assert_int_equal(phone[2], 2); /* sample 512 is the third's first */
    assert_int_equal(phone[4], 2);
    assert_float_equal(within[2][0], 0, 0);
    assert_float_equal(within[1][0], 156 / 413.0f, 1e-6f);
}

static int setup(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    int failed = recipe_open(kinds);
    if (!failed)
        narrator_corpus(a, recipe_path(a, "corpus"));
    dio_arena_destroy(a);
    return failed;
}

static int teardown(void **state)
{
    (void)state;
    return recipe_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulses_stand_where_the_pitch_has_them),
        cmocka_unit_test(places_are_counted_from_pauses),
        cmocka_unit_test(trainings_repeat_and_resume),
        cmocka_unit_test(wrong_recipes),
        cmocka_unit_test(wrong_corpora),
        cmocka_unit_test(it_speaks_the_same_for_any_threads),
        cmocka_unit_test(what_follows_changes_nothing_before),
        cmocka_unit_test(a_manner_is_followed),
        cmocka_unit_test(small_things_are_spoken),
        cmocka_unit_test(wrong_requests),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
