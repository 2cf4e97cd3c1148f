/* test_cli_probe_sound.c: `diorama probe` on every family that makes sound, asked as its authors
 * ask it: their names, their layouts, the golden's samples; what mels they take; what is refused.
 */
#include "tests/cli/cli_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor/weights.h"

#define GOLDEN DIORAMA_SOURCE "/tests/golden/"

enum layout { PLAIN, SWAPPED, CHUNKED }; /* as it is; dimensions 0|1 or 1|2 swapped; in a chunk */

static dio_tensor *tensor(const char *name, dio_type type, const void *data)
{
    dio_error err = {0};
    dio_tensor *t = dio_tensor_create(name, &type, &err);
    assert_non_null(t);
    memcpy(dio_tensor_data(t), data, dio_type_bytes(&type));
    return t;
}

/* Frames [B,T,C] become [B,C,T], codes [B,Q,T] become [Q,B,T]. */
static dio_tensor *laid(const char *name, const dio_tensor *x, enum layout layout)
{
    const int64_t *d = x->type.dim;
    if (layout == CHUNKED)
        return tensor(name, dio_type_4d(x->type.dtype, 1, d[0], d[1], d[2]), dio_tensor_data(x));
    if (layout == PLAIN)
        return tensor(name, x->type, dio_tensor_data(x));
    bool codes = x->type.dtype == DIO_I32;
    dio_type type =
        codes ? dio_type_3d(DIO_I32, d[1], d[0], d[2]) : dio_type_3d(DIO_F32, d[0], d[2], d[1]);
    dio_tensor *t = tensor(name, type, dio_tensor_data(x));
    const int32_t *from = dio_tensor_data(x);
    int32_t *to = dio_tensor_data(t);
    for (int64_t a = 0; a < d[0]; a++)
        for (int64_t b = 0; b < d[1]; b++)
            for (int64_t c = 0; c < d[2]; c++)
                to[codes ? (b * d[0] + a) * d[2] + c : (a * d[2] + c) * d[1] + b] =
                    from[(a * d[1] + b) * d[2] + c];
    return t;
}

static void put(const char *path, dio_tensor *const *list, int n, const char *dialect)
{
    dio_error err = {0};
    const dio_weights_meta meta = {"dialect", dialect};
    if (!dio_weights_write(path, list, NULL, n, &meta, dialect != NULL, &err))
        fail_msg("%s", err.message);
    for (int i = 0; i < n; i++)
        dio_tensor_unref(list[i]);
}

static dio_weights *opened(const char *path)
{
    dio_error err = {0};
    dio_weights *w = dio_weights_open(path, &err);
    if (!w)
        fail_msg("%s", err.message);
    return w;
}

/* Runs the model on i.safetensors and holds output `name` to the golden's `key`; `want` says what
 * stands on standard error. */
static void gives(const char *model, const char *name, const dio_tensor *y, const char *want,
                  int dimensions)
{
    struct cli_case c = {
        {"probe", "-m", model, "--inputs", "i.safetensors", "--taps", "t.safetensors"},
        0,
        want,
        NULL};
    cli_check(&c);
    dio_weights *w = opened("t.safetensors");
    const dio_tensor *out = dio_weights_find(w, name);
    if (!out)
        fail_msg("%s: no %s", model, name);
    assert_int_equal(out->type.nd, dimensions);
    assert_int_equal(dio_type_count(&out->type), dio_type_count(&y->type));
    const float *a = dio_tensor_data(out), *b = dio_tensor_data(y);
    double most = 0, size = 0;
    for (int64_t i = 0; i < dio_type_count(&y->type); i++) {
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
        size = fmax(size, fabs((double)b[i]));
    }
    print_message("%s: %s within %.2e\n", strstr(model, "golden/") + 7, name, most / size);
    assert_true(most <= 1e-4 * size); /* measured 1.1e-6 */
    dio_weights_close(w);
}

static void vocoders_by_their_authors_names(void **state)
{
    static const struct {
        const char *name, *input, *output;
        enum layout layout;
        int dimensions; /* of the output */
        const char *says;
    } cases[] = {
        {"speecht5", "spectrogram", "waveform", PLAIN, 2, "mel dialect: its config does not say"},
        {"speecht5-norm", "spectrogram", "waveform", PLAIN, 2,
         "mel dialect: its config does not say"},
        {"hifigan-v1", "mel", "audio", SWAPPED, 3, "mel dialect: {~\"rate\":22050~}"},
        {"hifigan-v3", "mel", "audio", SWAPPED, 3, "mel dialect: {~}"},
        {"melgan", "mel", "audio", SWAPPED, 3, "mel dialect: {~\"log\":\"log10\"~}"},
        {"vocos", "mel", "audio", SWAPPED, 2, "mel dialect: {~\"padding\":\"centre\"~}"},
        {"vocos-same", "mel", "audio", SWAPPED, 2, "mel dialect: {~\"padding\":\"same\"~}"},
        {"vocos-encodec", "codes", "audio", SWAPPED, 2, ""},
        {"encodec", "audio_codes", "audio_values", CHUNKED, 3, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char model[512], golden[540];
        snprintf(model, sizeof model, GOLDEN "vocoder/%s", cases[i].name);
        snprintf(golden, sizeof golden, "%s.safetensors", model);
        dio_weights *w = opened(golden);
        dio_tensor *in = laid(cases[i].input, dio_weights_find(w, "x"), cases[i].layout);
        put("i.safetensors", &in, 1, NULL);
        gives(model, cases[i].output, dio_weights_find(w, "y"), cases[i].says, cases[i].dimensions);
        dio_weights_close(w);
    }
}

/* WaveNet is taught: what it says after each sample of a wave. */
static void wavenet_is_taught(void **state)
{
    (void)state;
    dio_weights *w = opened(GOLDEN "vocoder/wavenet-mol.safetensors");
    dio_tensor *in[2] = {laid("c", dio_weights_find(w, "x"), SWAPPED),
                         laid("x", dio_weights_find(w, "wave"), PLAIN)};
    put("i.safetensors", in, 2, NULL);
    gives(GOLDEN "vocoder/wavenet-mol", "y_hat", dio_weights_find(w, "taught"),
          "mel dialect: its config does not say", 3);
    dio_weights_close(w);
}

static dio_tensor *ids_of(const dio_weights *w, const char *name)
{
    const dio_tensor *ids = dio_weights_find(w, "ids");
    int64_t wide[64], n = ids->type.dim[1];
    for (int64_t i = 0; i < n; i++)
        wide[i] = ((const int32_t *)dio_tensor_data(ids))[i];
    return tensor(name, dio_type_2d(DIO_I64, 1, n), wide);
}

static void transformers_voices(void **state)
{
    static const char *const names[] = {"mms", "speakers", "computed"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        char model[512], golden[540];
        snprintf(model, sizeof model, GOLDEN "vits/%s", names[i]);
        snprintf(golden, sizeof golden, "%s.safetensors", model);
        dio_weights *w = opened(golden);
        int64_t speaker = atoi(dio_weights_meta_find(w, "speaker")), ones[64];
        dio_tensor *in[3] = {ids_of(w, "input_ids")};
        for (int k = 0; k < 64; k++)
            ones[k] = 1;
        in[1] = tensor("attention_mask", in[0]->type, ones);
        in[2] = tensor("speaker_id", dio_type_1d(DIO_I64, 1), &speaker);
        put("i.safetensors", in, 3, NULL);
        gives(model, "waveform", dio_weights_find(w, "y"), "", 2);
        gives(model, "spectrogram", dio_weights_find(w, "spectrogram"), "", 3);
        dio_weights *taps = opened("t.safetensors");
        assert_non_null(dio_weights_find(taps, "text_encoder.project"));
        assert_non_null(dio_weights_find(taps, "duration_predictor"));
        dio_weights_close(taps);
        dio_weights_close(w);
    }
}

static void piper_voices(void **state)
{
    static const char *const names[] = {"medium", "speakers"}, *const keys[] = {"y", "slow"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        char model[512], golden[540];
        snprintf(model, sizeof model, GOLDEN "piper/%s.onnx", names[i / 2]);
        snprintf(golden, sizeof golden, GOLDEN "piper/%s.safetensors", names[i / 2]);
        dio_weights *w = opened(golden);
        int64_t speaker = atoi(dio_weights_meta_find(w, "speaker"));
        float scales[3] = {0, i % 2 ? 1.7f : 1, 0};
        dio_tensor *in[4] = {ids_of(w, "input")};
        int64_t length = in[0]->type.dim[1];
        in[1] = tensor("input_lengths", dio_type_1d(DIO_I64, 1), &length);
        in[2] = tensor("scales", dio_type_1d(DIO_F32, 3), scales);
        in[3] = tensor("sid", dio_type_1d(DIO_I64, 1), &speaker);
        put("i.safetensors", in, 4, NULL);
        gives(model, "output", dio_weights_find(w, keys[i % 2]), "", 4);
        dio_weights_close(w);
    }
}

/* What was written says in which dialect its mels are, and is held to it when it comes back. */
static void dialects_are_held_to(void **state)
{
    (void)state;
    static const float zeros[2 * 80 * 5];
    const char *model = GOLDEN "vocoder/hifigan-v1";
    dio_tensor *in = tensor("mel", dio_type_3d(DIO_F32, 2, 80, 5), zeros);
    put("i.safetensors", &in, 1, NULL);
    struct cli_case c = {
        {"probe", "-m", model, "--inputs", "i.safetensors", "--taps", "t.safetensors"},
        0,
        NULL,
        NULL};
    cli_check(&c);
    dio_weights *w = opened("t.safetensors");
    const char *dialect = dio_weights_meta_find(w, "dialect");
    assert_non_null(dialect);
    assert_non_null(strstr(dialect, "\"hop\":8"));
    in = tensor("mel", dio_type_3d(DIO_F32, 2, 80, 5), zeros);
    put("i.safetensors", &in, 1, dialect);
    cli_check(&c);
    dio_weights_close(w);
    in = tensor("mel", dio_type_3d(DIO_F32, 2, 80, 5), zeros);
    put("i.safetensors", &in, 1, "\"vocos\"");
    struct cli_case other = {{"probe", "-m", model, "--inputs", "i.safetensors", "--taps", "u"},
                             2,
                             "diorama: ~i.safetensors~ 24000~22050~",
                             "u"};
    cli_check(&other);
    static struct cli_result r;
    const char *const json[] = {
        "probe",         "-m",     model, "--inputs", "t.safetensors", "--taps",
        "u.safetensors", "--json", NULL};
    cli_run(json, NULL, 0, &r);
    assert_int_equal(r.code, 2); /* taps are not inputs */
}

static void what_is_refused(void **state)
{
    static const int64_t ids[3] = {1, 2, 3}, masked[3] = {1, 1, 0}, two = 2, nine = 9;
    static const int32_t codes[6] = {0, 1, 2, 3, 99, 5};
    static const float mel[8], scales[3] = {0, 0, 0};
    const dio_type three = dio_type_2d(DIO_I64, 1, 3), one = dio_type_1d(DIO_I64, 1);
    const struct {
        const char *model;
        dio_tensor *in[3];
        const char *err;
    } cases[] = {
        {"vocoder/speecht5",
         {tensor("mel", dio_type_3d(DIO_F32, 1, 1, 8), mel)},
         "diorama: i.safetensors: has no tensor \"spectrogram\""},
        {"vocoder/speecht5",
         {tensor("spectrogram", dio_type_2d(DIO_F32, 1, 8), mel)},
         "diorama: i.safetensors: spectrogram must have 3 dimensions; it is f32[1,8]"},
        {"vocoder/speecht5",
         {tensor("spectrogram", dio_type_3d(DIO_F32, 1, 2, 4), mel)},
         "diorama: ~frames must be f32[B,T,8], not f32[1,2,4]"},
        {"vocoder/encodec",
         {tensor("audio_codes", dio_type_3d(DIO_I32, 1, 2, 3), codes)},
         "diorama: audio_codes: code 99 is outside the codebook's 0 to 15"},
        {"vocoder/encodec",
         {tensor("audio_codes", dio_type_3d(DIO_F32, 1, 2, 4), mel)},
         "diorama: i.safetensors: audio_codes must be i32 or i64, not f32[1,2,4]"},
        {"vits/mms",
         {tensor("input_ids", three, ids), tensor("attention_mask", three, masked)},
         "diorama: attention_mask: symbol 2 is masked: give them without padding"},
        {"vits/speakers",
         {tensor("input_ids", three, ids), tensor("speaker_id", one, &nine)},
         "diorama: speaker 9: this voice has 3, counted from 0"},
        {"piper/medium.onnx",
         {tensor("input", three, ids)},
         "diorama: i.safetensors: has no tensor \"scales\""},
        {"piper/medium.onnx",
         {tensor("input", three, ids), tensor("input_lengths", one, &two)},
         "diorama: input_lengths: 2 of 3 symbols: give them without padding"},
        {"piper/medium.onnx",
         {tensor("input", three, ids), tensor("scales", dio_type_1d(DIO_F32, 3), scales)},
         "diorama: scales: a length of 0 is outside 0.05 to 20"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char model[512];
        int n = 0;
        while (n < 3 && cases[i].in[n])
            n++;
        snprintf(model, sizeof model, GOLDEN "%s", cases[i].model);
        put("i.safetensors", cases[i].in, n, NULL);
        struct cli_case c = {
            {"probe", "-m", model, "--inputs", "i.safetensors", "--taps", "u"}, 2, NULL, "u"};
        c.err = cases[i].err;
        cli_check(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vocoders_by_their_authors_names),
        cmocka_unit_test(wavenet_is_taught),
        cmocka_unit_test(transformers_voices),
        cmocka_unit_test(piper_voices),
        cmocka_unit_test(dialects_are_held_to),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, cli_begin, cli_end);
}
