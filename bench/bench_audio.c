/* bench_audio.c: speech at the published sizes, with drawn weights: nothing is downloaded.
 *
 * A figure is seconds of work for a second of sound, by the best of several runs: below 1 is faster
 * than it is heard. Its share is the operations of plain sums against multiply-adds in registers;
 * how many a second of sound takes follows from each published config. Plans are kept from run to
 * run, as whoever makes many clips with a model keeps them. */
#include <stdlib.h>

#include "audio/vocoder.h"
#include "audio/voice.h"
#include "base/rng.h"
#include "bench/bench.h"

/* Sizes: the config, a small one for tests, and 1e9 multiply-adds a second of sound. */
struct sound {
    const char *config, *tiny;
    double gmacs;
    int frames, symbols; /* of the work; symbols: of a voice's text, 0 for vocoders */
};

struct vocoding {
    dio_vocoder *v;
    dio_device *device;
    dio_plans *plans;
    float *mel;
    int64_t frames;
};

static bool vocode(void *user, dio_error *err)
{
    struct vocoding *w = user;
    const dio_vocoder_input in = {.mel = w->mel, .frames = w->frames};
    dio_clip *clip = NULL;
    const dio_chunks_options options = {.plans = w->plans};
    const bool ok = dio_vocoder_run(w->v, w->device, &in, &options, &clip, err);
    dio_clip_unref(clip);
    return ok;
}

static bool tell(double seconds, double heard, double gmacs, double *value, double *reached)
{
    *value = seconds / heard;
    *reached = 2 * gmacs / *value;
    return seconds >= 0;
}

static bool run_vocoder(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                        dio_error *err)
{
    const struct sound *s = b->attrs;
    const dio_value *config = dio_bench_config(r, s->config, s->tiny, err);
    struct vocoding w = {.device = r->device, .frames = r->tiny ? 16 : s->frames};
    bool ok = false;
    w.v = config ? dio_vocoder_create(config, 1, err) : NULL;
    if (!w.v)
        return false;
    const size_t count = (size_t)w.frames * (size_t)w.v->shape.features;
    w.mel = malloc(count * sizeof *w.mel);
    w.plans = dio_plans_create(r->device, err);
    for (size_t i = 0; w.mel && i < count; i++)
        w.mel[i] = 4 * dio_uniform(1, 0, i) - 6;
    if (w.plans && (w.mel || dio_fail_memory(err, "a benchmark"))) {
        const double seconds = dio_bench_best(r, 4 * r->seconds, vocode, &w, err);
        const double heard = (double)dio_vocoder_length(w.v, w.frames) / (double)w.v->shape.rate;
        ok = tell(seconds, heard, s->gmacs, value, reached);
    }
    dio_plans_destroy(w.plans);
    free(w.mel);
    dio_vocoder_close(w.v);
    return ok;
}

/* --- whole voices --- */

struct speaking {
    dio_voice *v;
    dio_device *device;
    dio_plans *plans;
    int32_t *ids;
    int count;
    double duration; /* frames that each symbol lasts: drawn weights do not know */
    int64_t length;
};

static bool speak(void *user, dio_error *err)
{
    struct speaking *w = user;
    const dio_voice_request request = {.ids = w->ids, .count = w->count, .plans = w->plans};
    const dio_chunks_options options = {.plans = w->plans};
    dio_clip *clip = NULL;
    dio_score *score = dio_voice_predict(w->v, w->device, &request, err);
    for (int i = 0; score && i < w->count; i++)
        score->duration[i] = w->duration;
    const bool ok = score && dio_voice_render(w->v, w->device, score, 1, &options, &clip, err);
    w->length = clip ? clip->length : 0;
    dio_clip_unref(clip);
    dio_score_destroy(score);
    return ok;
}

static bool run_voice(dio_bench_run *r, const dio_bench *b, double *value, double *reached,
                      dio_error *err)
{
    const struct sound *s = b->attrs;
    const dio_value *config = dio_bench_config(r, s->config, s->tiny, err);
    struct speaking w = {.device = r->device, .count = r->tiny ? 8 : s->symbols};
    bool ok = false;
    w.duration = r->tiny ? 2 : (double)s->frames / s->symbols;
    w.v = config ? dio_voice_create(config, 1, err) : NULL;
    w.plans = w.v ? dio_plans_create(r->device, err) : NULL;
    w.ids = w.plans ? malloc((size_t)w.count * sizeof *w.ids) : NULL;
    for (int i = 0; w.ids && i < w.count; i++)
        w.ids[i] = i % w.v->shape.symbols;
    if (w.ids || (w.plans && dio_fail_memory(err, "a benchmark"))) {
        const double seconds = dio_bench_best(r, 4 * r->seconds, speak, &w, err);
        ok = tell(seconds, (double)w.length / w.v->shape.rate, s->gmacs, value, reached);
    }
    free(w.ids);
    dio_plans_destroy(w.plans);
    dio_voice_close(w.v);
    return ok;
}

/* --- sizes --- */

static const char hifigan_tiny[] =
    "{\"resblock\":\"1\",\"num_mels\":8,\"upsample_initial_channel\":16,\"upsample_rates\":[4,4],"
    "\"upsample_kernel_sizes\":[8,8],\"resblock_kernel_sizes\":[3],"
    "\"resblock_dilation_sizes\":[[1,3]],\"sampling_rate\":8000}";
static const struct sound v1 = {
    .config = "{\"resblock\":\"1\",\"num_mels\":80,\"upsample_initial_channel\":512,"
              "\"upsample_rates\":[8,8,2,2],\"upsample_kernel_sizes\":[16,16,4,4],"
              "\"resblock_kernel_sizes\":[3,7,11],\"resblock_dilation_sizes\":"
              "[[1,3,5],[1,3,5],[1,3,5]],\"sampling_rate\":22050}",
    .tiny = hifigan_tiny,
    .gmacs = 26.4,
    .frames = 344,
};
static const struct sound v3 = {
    .config = "{\"resblock\":\"2\",\"num_mels\":80,\"upsample_initial_channel\":256,"
              "\"upsample_rates\":[8,8,4],\"upsample_kernel_sizes\":[16,16,8],"
              "\"resblock_kernel_sizes\":[3,5,7],\"resblock_dilation_sizes\":"
              "[[1,2],[2,6],[3,12]],\"sampling_rate\":22050}",
    .tiny = hifigan_tiny,
    .gmacs = 1.94,
    .frames = 688,
};
static const struct sound vocos = {
    .config = "{\"feature_extractor\":{\"class_path\":"
              "\"vocos.feature_extractors.MelSpectrogramFeatures\",\"init_args\":{"
              "\"sample_rate\":24000,\"n_fft\":1024,\"hop_length\":256,\"n_mels\":100,"
              "\"padding\":\"center\"}},\"backbone\":{\"class_path\":"
              "\"vocos.models.VocosBackbone\",\"init_args\":{\"input_channels\":100,\"dim\":512,"
              "\"intermediate_dim\":1536,\"num_layers\":8}},\"head\":{\"class_path\":"
              "\"vocos.heads.ISTFTHead\",\"init_args\":{\"dim\":512,\"n_fft\":1024,"
              "\"hop_length\":256,\"padding\":\"center\"}}}",
    .tiny = "{\"feature_extractor\":{\"class_path\":"
            "\"vocos.feature_extractors.MelSpectrogramFeatures\",\"init_args\":{"
            "\"sample_rate\":8000,\"n_fft\":32,\"hop_length\":8,\"n_mels\":8,"
            "\"padding\":\"center\"}},\"backbone\":{\"class_path\":"
            "\"vocos.models.VocosBackbone\",\"init_args\":{\"input_channels\":8,\"dim\":16,"
            "\"intermediate_dim\":24,\"num_layers\":1}},\"head\":{\"class_path\":"
            "\"vocos.heads.ISTFTHead\",\"init_args\":{\"dim\":16,\"n_fft\":32,"
            "\"hop_length\":8,\"padding\":\"center\"}}}",
    .gmacs = 1.27,
    .frames = 750,
};
static const char vits_tiny[] =
    "{\"model_type\":\"vits\",\"vocab_size\":12,\"hidden_size\":16,\"num_hidden_layers\":1,"
    "\"ffn_dim\":24,\"flow_size\":8,\"prior_encoder_num_flows\":1,"
    "\"prior_encoder_num_wavenet_layers\":1,\"upsample_initial_channel\":16,"
    "\"upsample_rates\":[4,2],\"upsample_kernel_sizes\":[8,4],\"resblock_kernel_sizes\":[3],"
    "\"resblock_dilation_sizes\":[[1,3]]}";
static const struct sound mms = {
    .config = "{\"model_type\":\"vits\"}", /* its defaults are MMS' */
    .tiny = vits_tiny,
    .gmacs = 19.9,
    .frames = 313,
    .symbols = 161,
};
static const struct sound piper = {
    .config = "{\"model_type\":\"vits\",\"vocab_size\":256,\"resblock\":\"2\","
              "\"upsample_initial_channel\":256,\"upsample_rates\":[8,8,4],"
              "\"upsample_kernel_sizes\":[16,16,8],\"resblock_kernel_sizes\":[3,5,7],"
              "\"resblock_dilation_sizes\":[[1,2],[2,6],[3,12]],\"sampling_rate\":22050}",
    .tiny = vits_tiny,
    .gmacs = 2.75,
    .frames = 431,
    .symbols = 161,
};

DIO_FIGURE(audio_v1, "audio.vocoder.hifigan-v1", "HiFi-GAN V1, 22.05 kHz, 4 s of mels to sound",
           "s/s", DIO_PEAK_FMA, run_vocoder, &v1)
DIO_FIGURE(audio_v3, "audio.vocoder.hifigan-v3", "HiFi-GAN V3, 22.05 kHz, 8 s of mels to sound",
           "s/s", DIO_PEAK_FMA, run_vocoder, &v3)
DIO_FIGURE(audio_vocos, "audio.vocoder.vocos-24k", "Vocos, 24 kHz, 8 s of mels to sound", "s/s",
           DIO_PEAK_FMA, run_vocoder, &vocos)
DIO_FIGURE(audio_mms, "audio.voice.mms", "VITS as MMS has it, 16 kHz, 80 letters to 5 s", "s/s",
           DIO_PEAK_FMA, run_voice, &mms)
DIO_FIGURE(audio_piper, "audio.voice.piper-medium", "a medium Piper voice, 22.05 kHz, to 5 s",
           "s/s", DIO_PEAK_FMA, run_voice, &piper)
