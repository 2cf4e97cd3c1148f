/* cmd_speak.c: `diorama speak TEXT -o FILE.wav`: a text spoken, and when each word is said. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audio/clip_io.h"
#include "audio/master.h"
#include "audio/speaker.h"
#include "audio/times_io.h"
#include "base/assets.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/command.h"

enum { TEXT_LIMIT = 1 << 20 };

static const char *const thens[] = {"error", "trim", "stretch", NULL};

struct options {
    const char *text, *input, *model, *output, *speaker, *loudness, *fit_rate;
    double rate, pitch, volume, fit;
    int then, chars;
    bool ssml, explain, list;
    uint64_t seed;
    dio_args_list lexicon, times;
};

#define OF(member, fallback, lo, hi, doc) DIO_FIELD(struct options, member, fallback, lo, hi, doc)

static const dio_field fields[] = {
    OF(text, "", 0, 0, "what is said, in English; [[HH AH0 L OW1]] are phones"),
    OF(input, "", 0, 0, "file with the text instead"),
    OF(model, "house/narrator", 0, 0, "voice's folder or file, or house/NAME"),
    OF(output, "", 0, 0, "file to write: .wav or .flac"),
    OF(speaker, "", 0, 0, "which of the model's voices; --list names them"),
    OF(list, "false", 0, 0, "name the model's voices, and do no more"),
    OF(ssml, "false", 0, 0, "the text is SSML"),
    OF(rate, "1", 0.25, 4, "times as fast"),
    OF(pitch, "0", -24, 24, "semitones higher"),
    OF(volume, "0", -40, 20, "dB, as one who speaks louder"),
    OF(seed, "0", 0, 0, "another seed, another breath"),
    OF(fit, "0", 0, 1200, "speech of just so many seconds; 0: as long as it takes"),
    OF(fit_rate, "0.85,1.25", 0, 0, "with --fit: slowest and fastest, times --rate"),
    DIO_FIELD_WORDS(struct options, then, "error", thens, "with --fit: when it is too long"),
    OF(loudness, "podcast", 0, 0,
       "social, podcast, ebu-r128, atsc-a85, with a voice's treatment; none: as it was spoken"),
    OF(chars, "42", 8, 80, "characters in a line of captions"),
    OF(explain, "false", 0, 0, "print text, words and phones instead of speaking"),
    {0},
};

static const dio_args_repeat repeats[] = {
    {"lexicon", offsetof(struct options, lexicon), "FILE",
     "words and their phones; the first that knows a word wins"},
    {"times", offsetof(struct options, times), "FILE",
     "when all is said: .json, .visemes.json, or captions .srt, .vtt, .ass"},
    {0},
};

struct speaking {
    dio_cli *cli;
    const struct options *o;
    dio_speech_request r;
    dio_speech said;
    bool barred;
};

/* --- what can be known before a voice is opened --- */

static bool read_text(struct speaking *s, dio_error *err)
{
    const struct options *o = s->o;
    if (*o->text && *o->input)
        return dio_fail(err, "a text and --input: one of them");
    s->r.text =
        *o->input ? dio_file_read(s->cli->arena, o->input, TEXT_LIMIT, &s->r.length, err) : o->text;
    if (s->r.text && !*o->input)
        s->r.length = strlen(o->text);
    s->r.how.ssml = o->ssml;
    s->r.how.label = *o->input ? o->input : "the text";
    return s->r.text != NULL;
}

static bool read_lexicons(struct speaking *s, dio_error *err)
{
    const dio_args_list *l = &s->o->lexicon;
    const dio_speech_lexicon **into[2] = {&s->r.how.user, &s->r.how.project};
    if (l->count > 2)
        return dio_fail(err, "--lexicon: %d files are more than 2", l->count);
    for (int i = 0; i < l->count; i++)
        if (!(*into[i] = dio_speech_lexicon_read(s->cli->arena, l->items[i], err)))
            return false;
    return true;
}

static bool read_fit(struct speaking *s, dio_error *err)
{
    dio_fit *f = &s->r.fit;
    char *text = dio_arena_strdup(s->cli->arena, s->o->fit_rate), *comma = strchr(text, ',');
    f->seconds = s->o->fit;
    f->then = (dio_fit_then)s->o->then;
    if (comma)
        *comma++ = '\0';
    if (!comma || !dio_parse_real(text, &f->least) || !dio_parse_real(comma, &f->most) ||
        !(f->least >= 0.25 && f->least <= f->most && f->most <= 4))
        return dio_fail(err, "--fit-rate: \"%s\"; expected SLOWEST,FASTEST of 0.25 to 4",
                        s->o->fit_rate);
    return true;
}

static bool prepare(struct speaking *s, dio_error *err)
{
    const struct options *o = s->o;
    s->r.speaker = o->speaker;
    s->r.rate = o->rate;
    s->r.semitones = o->pitch;
    s->r.db = o->volume;
    s->r.seed = o->seed;
    if (strcmp(o->loudness, "none") != 0 && !dio_master_preset_find(o->loudness))
        return dio_fail(
            err, "--loudness: there is no \"%s\" (social, podcast, ebu-r128, atsc-a85, none)",
            o->loudness);
    for (int i = 0; i < o->times.count; i++)
        if (!dio_times_writes(o->times.items[i], err))
            return false;
    if (!o->explain && !o->list && !*o->output)
        return dio_fail(err, "-o FILE says where the speech goes");
    return (o->explain || o->list || dio_clip_writes(o->output, err)) && read_text(s, err) &&
           read_fit(s, err) && read_lexicons(s, err);
}

/* --- the work --- */

static bool progress(void *user, double done, dio_error *err)
{
    struct speaking *s = user;
    if (*s->cli->cancel)
        return dio_fail(err, "stopped");
    if (isatty(2) && !s->cli->common.quiet && !s->cli->common.json) {
        fprintf(stderr, "\r\033[K%3.0f %%", 100 * done);
        s->barred = true;
    }
    return true;
}

static bool explain(struct speaking *s, dio_error *err)
{
    dio_arena *a = s->cli->arena;
    const dio_utterance *u = dio_utterance_read(a, s->r.text, s->r.length, &s->r.how, err);
    const char *text = u ? dio_utterance_explain(a, u, s->r.text) : NULL;
    if (u && !text)
        return dio_fail_memory(err, "an explanation");
    if (text)
        fputs(text, stdout);
    return text != NULL;
}

static bool master(struct speaking *s, dio_error *err)
{
    const dio_master_preset *preset = dio_master_preset_find(s->o->loudness);
    dio_master_report report;
    if (!preset)
        return true;
    const dio_master how = {.lufs = preset->lufs, .true_peak = preset->true_peak, .voice = true};
    return dio_clip_master(&s->said.clip, &how, &report, err);
}

static bool write_all(struct speaking *s, dio_error *err)
{
    const struct options *o = s->o;
    dio_caption_rules rules = dio_caption_rules_default();
    const dio_clip_save save = {.seed = o->seed};
    rules.chars = o->chars;
    if (!dio_clip_write(s->said.clip, o->output, &save, err))
        return false;
    for (int i = 0; i < o->times.count; i++)
        if (!dio_times_write(s->said.times, o->times.items[i], &rules, 0, 0, err))
            return false;
    return true;
}

static void tell(struct speaking *s, double spent)
{
    dio_arena *a = s->cli->arena;
    double seconds = dio_clip_seconds(s->said.clip);
    if (!s->cli->common.json) {
        dio_cli_say(s->cli, "%.2f seconds at rate %.2f, in %.2f s", seconds, s->said.rate, spent);
        printf("%s\n", s->o->output);
        return;
    }
    dio_value *v = dio_value_map(a);
    dio_map_set(a, v, "event", dio_value_string(a, "file"));
    dio_map_set(a, v, "path", dio_value_string(a, s->o->output));
    dio_map_set(a, v, "seconds", dio_value_real(a, seconds));
    dio_map_set(a, v, "rate", dio_value_real(a, s->said.rate));
    dio_map_set(a, v, "elapsed", dio_value_real(a, spent));
    dio_cli_event(s->cli, v);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool speak(struct speaking *s, dio_speaker *speaker, dio_error *err)
{
    double began = now();
    dio_device *device = dio_cli_device(s->cli);
    s->r.progress = progress;
    s->r.user = s;
    bool ok = device && dio_speaker_say(speaker, device, &s->r, s->cli->arena, &s->said, err);
    if (s->barred)
        fputs("\r\033[K", stderr);
    ok = ok && master(s, err) && write_all(s, err);
    if (ok)
        tell(s, now() - began);
    dio_clip_unref(s->said.clip);
    dio_device_close(device);
    return ok;
}

static bool run(dio_cli *cli, void *options)
{
    const struct options *o = options;
    struct speaking s = {.cli = cli, .o = o};
    dio_error *err = &cli->error;
    if (!prepare(&s, err))
        return false;
    if (o->explain)
        return explain(&s, err);
    const char *path = dio_assets_model(cli->arena, o->model, err);
    dio_speaker *speaker = path ? dio_speaker_open(path, err) : NULL;
    if (!speaker)
        return false;
    bool ok = true;
    if (!o->list)
        ok = speak(&s, speaker, err);
    for (int i = 0; o->list && dio_speaker_voice(speaker, i); i++)
        printf("%s\n", dio_speaker_voice(speaker, i));
    dio_speaker_close(speaker);
    return ok;
}

const dio_command dio_command_speak = {
    .name = "speak",
    .doc = "speak a text, and say when each word is said",
    .options = fields,
    .repeats = repeats,
    .aliases = (const dio_args_alias[]){{'m', "model"}, {'o', "output"}, {0}},
    .operands = (const char *const[]){"text", NULL},
    .size = sizeof(struct options),
    .run = run,
};
