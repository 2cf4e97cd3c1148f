/* test_cli_speak.c: `diorama speak` on a small narrator of drawn weights: what it writes; texts,
 * markup, lexicons, voices and settings that are wrong, each with its sentence, status 2 and
 * nothing written. */
#include "tests/cli/cli_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "tensor/weights.h"
#include "tests/audio/speaker_case.h"

#define GOLDEN DIORAMA_SOURCE "/tests/golden/"
#define VITS   GOLDEN "vits/mms"

static int begin(void **state)
{
    if (cli_begin(state) < 0)
        return -1;
    dio_arena *a = dio_arena_create();
    speaker_make(a, "n");
    dio_arena_destroy(a);
    return 0;
}

static void speech_and_its_times(void **state)
{
    (void)state;
    static const struct cli_case c = {{"speak", "-m", "n", "Lumo costs $5, now!", "-o", "a.wav",
                                       "--times", "a.srt", "--times", "a.json", "--speaker",
                                       "deep"},
                                      0,
                                      "~ seconds at rate 1.00, in ~ s",
                                      NULL};
    cli_check(&c);
    assert_true(cli_exists("a.wav") && cli_exists("a.srt") && cli_exists("a.json"));
    cli_remove("a.wav");
}

/* The text comes from t.txt. */
static void said(const char *text, size_t n, bool ssml, const char *err)
{
    struct cli_case c = {{"speak", "-m", "n", "--input", "t.txt", "-o", "a.wav", "--times", "a.srt",
                          ssml ? "--ssml" : NULL},
                         2,
                         err,
                         "a.wav"};
    cli_put_bytes("t.txt", text, n);
    cli_check(&c);
    assert_false(cli_exists("a.srt.part"));
}

#define SAID(text, err) said(text, sizeof(text) - 1, false, "diorama: " err)
#define SSML(text, err) said(text, sizeof(text) - 1, true, "diorama: " err)

static void texts_that_are_none(void **state)
{
    (void)state;
    cli_remove("a.srt");
    SAID("", "the text says nothing: there is no word in it");
    SAID(" \n\t ?! ... --", "the text says nothing: there is no word in it");
    SAID("caf\xe9", "t.txt:1:4: the text is not UTF-8 at byte 3");
    SAID("one\ntwo \xed\xa0\x80", /* a lone surrogate */
         "t.txt:2:5: the text is not UTF-8 at byte 8");
    SAID("over\xc0\xaflong", "t.txt:1:5: the text is not UTF-8 at byte 4");
    SAID("cut \xe2\x82", "t.txt:1:5: the text is not UTF-8 at byte 4");
    SAID("\xff\xfeh\0i\0", "t.txt:1:1: the text is not UTF-8 at byte 0");
    SAID("a\0b", "t.txt:1:2: U+0000 is a control character: remove it");
    SAID("say \xd0\xbc\xd0\xb8\xd1\x80",
         "t.txt:1:5: U+043C \"\xd0\xbc\" is Cyrillic: only English in Latin letters can be spoken; "
         "write it in Latin letters or give its phones");
    SAID("say [[QQ1]] now", "t.txt:1:5: phones: \"QQ1\" is no phone of ARPAbet (~)");
    SAID("say [[HH AH0", "t.txt:1:5: the [[ that begins phones here is not closed by ]] within "
                         "1024 bytes: close it, or remove it");
    char *long_text = malloc(10 << 20);
    memset(long_text, 'a', 10 << 20);
    said(long_text, 10 << 20, false,
         "diorama: t.txt is 10485760 bytes long, above the limit of 1048576");
    free(long_text);
}

static void markup_that_does_harm(void **state)
{
    (void)state;
    dio_str s = {0};
    SSML("", "t.txt:1:1: SSML begins with <speak>");
    SSML("<speak>Hi", "t.txt:1:1: <speak> is never closed");
    SSML("<!DOCTYPE s [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><speak>&b;</speak>",
         "t.txt:1:1: DOCTYPE is not read: remove it, and write characters in place of entities");
    SSML("<speak>&b;</speak>", "t.txt:1:8: &b; is not known: there are &amp; &lt; &gt; &quot; "
                               "&apos; and characters by number (&#233;)");
    SSML("<speak>&#xD800;</speak>", "t.txt:1:8: &#xD800; names no character");
    SSML("<speak>&#99999999999999999999;</speak>",
         "t.txt:1:8: an & that begins no entity: write &amp;");
    SSML("<speak>caf\xe9</speak>", "t.txt:1:11: the text is not UTF-8 at byte 10");
    dio_str_puts(&s, "<speak>");
    for (int i = 0; i < 20000; i++)
        dio_str_puts(&s, "<emphasis>");
    said(s.text, s.length, true, "diorama: t.txt:1:158: more than 16 elements within each other");
    dio_str_clear(&s);
    dio_str_puts(&s, "<speak><sub alias=\"");
    for (int i = 0; i < 200000; i++)
        dio_str_putc(&s, 'x');
    dio_str_puts(&s, "\">y</sub></speak>");
    said(s.text, s.length, true, "diorama: t.txt:1:19: a value longer than 1024 bytes");
    dio_str_clear(&s);
    dio_str_puts(&s, "<speak>");
    for (int i = 0; i < 60000; i++)
        dio_str_puts(&s, "<break/>");
    said(s.text, s.length, true, "diorama: t.txt:1:400000: more than 50000 tags");
    dio_str_deinit(&s);
}

static void lexicons_and_settings(void **state)
{
    (void)state;
    cli_put("no-tab.txt", "lumo L UW1\n");
    cli_put("phone.txt", "lumo\tL QQ1\n");
    cli_put("twice.txt", "lumo\tL UW1\nLumo\tL UW2\n");
    static const struct cli_case cases[] = {
        {{"speak", "-m", "n", "Hi", "-o", "a.mp3"}, 2, "diorama: a.mp3: ~.wav~.flac~", "a.mp3"},
        {{"speak", "-m", "n", "Hi"}, 2, "diorama: -o FILE says where the speech goes", "a.wav"},
        {{"speak", "-m", "n", "Hi", "-o", "a.wav", "--times", "a.txt"},
         2,
         "diorama: a.txt: times are written to .json, .visemes.json, .srt, .vtt or .ass",
         "a.wav"},
        {{"speak", "-m", "n", "Hi", "-o", "a.wav", "--rate", "9"},
         2,
         "diorama: --rate: 9 is above 4~",
         "a.wav"},
        {{"speak", "-m", "n", "Hi", "-o", "a.wav", "--loudness", "loud"},
         2,
         "diorama: --loudness: there is no \"loud\" (social, podcast, ebu-r128, atsc-a85, none)",
         "a.wav"},
        {{"speak", "-m", "n", "Hi", "-o", "a.wav", "--speaker", "dep"},
         2,
         "diorama: speaker: the narrator has no voice \"dep\"; did you mean \"deep\"?",
         "a.wav"},
        {{"speak", "-m", "n", "Hi", "-o", "a.wav", "--fit", "0.01"},
         2,
         "diorama: ~shorten the text, allow a higher rate, or choose~",
         "a.wav"},
        {{"speak", "-m", "n", "Hi", "-o", "a.wav", "--fit-rate", "2,1"},
         2,
         "diorama: --fit-rate: \"2,1\"; expected SLOWEST,FASTEST of 0.25 to 4",
         "a.wav"},
        {{"speak", "-m", "n", "Hi", "-o", "a.wav", "--lexicon", "no-tab.txt"},
         2,
         "diorama: no-tab.txt:1:~",
         "a.wav"},
        {{"speak", "-m", "n", "Hi", "-o", "a.wav", "--lexicon", "phone.txt"},
         2,
         "diorama: phone.txt:1:~QQ1~",
         "a.wav"},
        {{"speak", "-m", "n", "Hi", "-o", "a.wav", "--lexicon", "twice.txt"},
         2,
         "diorama: twice.txt:2:~",
         "a.wav"},
        {{"speak", "-m", "none", "Hi", "-o", "a.wav"}, 2, "diorama: ~none~", "a.wav"},
        {{"speak", "-m", GOLDEN "lm/gpt2", "Hi", "-o", "a.wav"},
         2,
         "diorama: ~lm/gpt2: this cannot speak; what can is ~",
         "a.wav"},
        {{"speak", "-m", VITS, "Hi", "-o", "a.wav", "--pitch", "2"},
         2,
         "diorama: pitch and volume: a published voice has neither; its rate can be set",
         "a.wav"},
    };
    cli_check_all(cases, sizeof cases / sizeof cases[0]);
}

/* --- voices that are broken --- */

enum change { LACKS, LARGER, NO_NUMBER, ENDLESS, MORE };

/* A copy of n/ in b/ in which a tensor of `part` is changed. */
static void break_part(const char *part, const char *name, enum change change)
{
    enum { MOST = 512 };
    char from[64], to[64];
    dio_error err = {0};
    dio_arena *a = dio_arena_create();
    cli_remove("b");
    speaker_make(a, "b");
    snprintf(from, sizeof from, "n/%s/model.safetensors", part);
    snprintf(to, sizeof to, "b/%s/model.safetensors", part);
    dio_weights *w = dio_weights_open(from, &err);
    dio_tensor *t[MOST], *made = NULL;
    int n = 0;
    assert_non_null(w);
    for (int i = 0; i < dio_weights_count(w); i++) {
        dio_tensor *one = dio_weights_at(w, i);
        if (strcmp(one->name, name) != 0) {
            t[n++] = one;
            continue;
        }
        dio_type type = one->type;
        type.dim[0] += change == LARGER;
        made = dio_tensor_create(change == MORE ? "other" : name, &type, &err);
        memset(dio_tensor_data(made), 0, dio_type_bytes(&type));
        if (change == NO_NUMBER || change == ENDLESS)
            ((float *)dio_tensor_data(made))[1] = change == ENDLESS ? -HUGE_VALF : NAN;
        if (change == MORE)
            t[n++] = one;
        if (change != LACKS)
            t[n++] = made;
    }
    assert_non_null(made);
    assert_true(dio_weights_write(to, t, NULL, n, NULL, 0, &err));
    dio_tensor_unref(made);
    dio_weights_close(w);
    dio_arena_destroy(a);
}

static void weights_that_are_wrong(void **state)
{
    static const struct {
        const char *part, *tensor;
        enum change change;
        const char *err;
    } cases[] = {
        {"acoustic", "duration.conv1.bias", LACKS, "~acoustic~: 1 missing: duration.conv1.bias"},
        {"acoustic", "duration.conv1.bias", LARGER,
         "~acoustic~: 1 misshapen: duration.conv1.bias is f32[17], not [16]"},
        {"acoustic", "decoder.0.gamma", NO_NUMBER,
         "b/acoustic/model.safetensors: decoder.0.gamma: number 1 of 16 is not finite: the file is "
         "damaged, or training went astray"},
        {"vocoder", "embed.weight", ENDLESS,
         "b/vocoder/model.safetensors: embed.weight: number 1 of ~ is not finite: the file is "
         "damaged, or training went astray"},
        {"vocoder", "embed.weight", LACKS, "~vocoder~: 1 missing: embed.weight"},
        {"vocoder", "embed.weight", MORE, "~vocoder~: 1 unused: other"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cli_case c = {{"speak", "-m", "b", "Hi", "-o", "a.wav"}, 2, NULL, "a.wav"};
        char err[256];
        snprintf(err, sizeof err, "diorama: %s", cases[i].err);
        c.err = err;
        break_part(cases[i].part, cases[i].tensor, cases[i].change);
        cli_check(&c);
    }
}

static void folders_that_do_not_go_together(void **state)
{
    (void)state;
    dio_arena *a = dio_arena_create();
    struct cli_case c = {{"speak", "-m", "b", "Hi", "-o", "a.wav"}, 2, NULL, "a.wav"};
    size_t n;
    cli_remove("b");
    speaker_make(a, "b");
    cli_copy("n/acoustic/config.json", "b/vocoder/config.json");
    c.err = "diorama: b/vocoder/config.json:1:1: narrator-acoustic is a model of kind "
            "narrator-acoustic, not a vocoder of the narrator";
    cli_check(&c);
    cli_copy("n/vocoder/config.json", "b/vocoder/config.json");
    char *bytes = cli_read("n/vocoder/model.safetensors", &n);
    cli_put_bytes("b/vocoder/model.safetensors", bytes, n - 100);
    c.err = "diorama: b/vocoder/model.safetensors:1:~: tensor \"turn.weight\" ends at byte ~ of "
            "the data, but the file has ~: it was cut short";
    cli_check(&c);
    free(bytes);
    cli_copy("n/vocoder/model.safetensors", "b/vocoder/model.safetensors");
    cli_put("b/acoustic/config.json", "{\"model_type\": \"narrator-acoustic\"");
    c.err = "diorama: b/acoustic/config.json:~";
    cli_check(&c);
    dio_arena_destroy(a);
}

/* Piper's files cut short, and with a length that reaches beyond them. */
static void onnx_that_is_broken(void **state)
{
    (void)state;
    size_t n;
    char *bytes = cli_read(GOLDEN "piper/medium.onnx", &n);
    struct cli_case c = {{"speak", "-m", "v.onnx", "Hi", "-o", "a.wav"}, 2, NULL, "a.wav"};
    cli_put_bytes("v.onnx", bytes, n);
    c.err = "diorama: ~v.onnx.json~";
    cli_check(&c);
    cli_copy(GOLDEN "piper/medium.onnx.json", "v.onnx.json");
    cli_put_bytes("v.onnx", bytes, n - 1);
    c.err = "diorama: v.onnx: byte ~: a piece reaches beyond what holds it: this is no whole ONNX "
            "file";
    cli_check(&c);
    cli_put_bytes("v.onnx", bytes, 0);
    c.err = "diorama: v.onnx: ~";
    cli_check(&c);
    cli_put_bytes("v.onnx", "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    c.err = "diorama: v.onnx: byte 11: a piece reaches beyond what holds it: this is no whole "
            "ONNX file";
    cli_check(&c);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_and_its_times),   cmocka_unit_test(texts_that_are_none),
        cmocka_unit_test(markup_that_does_harm),  cmocka_unit_test(lexicons_and_settings),
        cmocka_unit_test(weights_that_are_wrong), cmocka_unit_test(folders_that_do_not_go_together),
        cmocka_unit_test(onnx_that_is_broken),
    };
    return cmocka_run_group_tests(tests, begin, cli_end);
}
