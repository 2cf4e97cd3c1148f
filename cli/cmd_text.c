/* cmd_text.c: `diorama text -p PROMPT`: a language model goes on from a prompt. */
#include <stdio.h>
#include <string.h>

#include "base/assets.h"
#include "cli/command.h"
#include "text/generate.h"
#include "text/tokenizer.h"

struct options {
    const char *model, *prompt, *dtype;
    dio_generate_params p;
    bool special;
    dio_args_list stop, ban;
};

static const char *const dtypes[] = {"bf16", "f32", "auto", NULL};

#define OF(member, fallback, lo, hi, doc)                                                          \
    {                                                                                              \
        .name = #member, .kind = DIO_FIELD_KIND(((struct options *)0)->p.member),                  \
        .offset = offsetof(struct options, p.member), fallback, lo, hi, doc                        \
    }

static const dio_field fields[] = {
    DIO_FIELD(struct options, model, "house/copywriter", 0, 0, "model folder, or house/NAME"),
    DIO_FIELD(struct options, prompt, NULL, 0, 0, "what to go on from"),
    OF(max_tokens, "128", 1, 1 << 20, "tokens to write at most"),
    OF(temperature, "0.8", 0, 100, "how freely to choose; 0 always takes the likeliest"),
    OF(top_k, "0", 0, 1 << 22, "choose among the k likeliest; 0: all"),
    OF(top_p, "1", 0.000001, 1, "choose among the likeliest that have this share together"),
    OF(min_p, "0", 0, 1, "choose among those with this share of the likeliest one's chance"),
    OF(repetition_penalty, "1", 0.01, 100, "above 1: what came already is less likely"),
    OF(presence_penalty, "0", -100, 100, "subtracted from the score of what was written already"),
    OF(frequency_penalty, "0", -100, 100, "subtracted for every time it was written"),
    OF(variants, "1", 1, 256, "texts to write"),
    OF(beams, "1", 1, 256, "above 1: beam search"),
    OF(length_penalty, "1", -10, 10, "beam search: scores are divided by length to this power"),
    OF(seed, "0", 0, 0, "another seed gives other texts"),
    DIO_FIELD(struct options, special, "false", 0, 0,
              "text of the prompt that spells a special token becomes it"),
    DIO_FIELD(struct options, dtype, "auto", 0, 0,
              "what weights are kept in: bf16, f32, or auto, as in the file"),
    {0},
};

static const dio_args_repeat repeats[] = {
    {"stop", offsetof(struct options, stop), "TEXT", "the text ends before this"},
    {"ban", offsetof(struct options, ban), "TEXT", "this never comes in the text"},
    {0},
};

/* One variant is written to standard output as it comes. */
static bool stream(void *user, int variant, const char *text, size_t n)
{
    dio_cli *cli = user;
    (void)variant;
    if (!cli->common.json)
        fwrite(text, 1, n, stdout);
    fflush(stdout);
    return !*cli->cancel;
}

static void print_event(dio_cli *cli, const dio_text *t, int variant)
{
    dio_value *v = dio_value_map(cli->arena), *ids = dio_value_list(cli->arena);
    for (int i = 0; i < t->n_ids; i++)
        dio_list_add(cli->arena, ids, dio_value_int(cli->arena, t->ids[i]));
    dio_map_set(cli->arena, v, "event", dio_value_string(cli->arena, "text"));
    dio_map_set(cli->arena, v, "variant", dio_value_int(cli->arena, variant));
    dio_map_set(cli->arena, v, "text", dio_value_string(cli->arena, t->text));
    dio_map_set(cli->arena, v, "ids", ids);
    dio_map_set(cli->arena, v, "finish", dio_value_string(cli->arena, dio_finish_name(t->finish)));
    dio_cli_event(cli, v);
}

static void print_texts(dio_cli *cli, const dio_texts *texts, bool streamed)
{
    for (int i = 0; i < texts->count; i++) {
        if (cli->common.json)
            print_event(cli, &texts->items[i], i);
        else if (streamed)
            putchar('\n');
        else
            printf("%s%s\n", i ? "\n" : "", texts->items[i].text);
    }
    if (cli->common.verbose)
        dio_cli_say(cli, "prompt %.3f s, %lld tokens in %.3f s, %.1f tokens a second",
                    texts->prefill_s, (long long)texts->decoded, texts->decode_s,
                    texts->decode_s > 0 ? (double)texts->decoded / texts->decode_s : 0);
}

static bool generate(dio_cli *cli, const struct options *o, const dio_lm *lm,
                     const dio_tokenizer *t, dio_device *device)
{
    dio_ids ids = {0};
    bool streamed = o->p.variants == 1 && o->p.beams == 1;
    if (!dio_tokenizer_encode(
            t, o->prompt, strlen(o->prompt),
            (dio_encode_options){.add_special = true, .parse_special = o->special}, &ids,
            &cli->error)) {
        dio_ids_deinit(&ids);
        return dio_error_prefix(&cli->error, "--prompt");
    }
    dio_generate_request r = {
        .prompt = ids.ids,
        .n_prompt = (int64_t)ids.count,
        .params = o->p,
        .stop = o->stop.items,
        .n_stop = o->stop.count,
        .banned = o->ban.items,
        .n_banned = o->ban.count,
        .stream = streamed ? stream : NULL,
        .user = cli,
    };
    dio_texts *texts = dio_generate(lm, t, device, &r, &cli->error);
    if (texts)
        print_texts(cli, texts, streamed);
    dio_texts_destroy(texts);
    dio_ids_deinit(&ids);
    return texts != NULL;
}

static bool run(dio_cli *cli, void *options)
{
    struct options *o = options;
    int kind = 0;
    while (dtypes[kind] && strcmp(dtypes[kind], o->dtype) != 0)
        kind++;
    if (!dtypes[kind])
        return dio_fail(&cli->error, "--dtype \"%s\": bf16, f32 or auto", o->dtype);
    static const dio_dtype kept[] = {DIO_BF16, DIO_F32, DIO_DTYPES};
    const char *path = dio_assets_model(cli->arena, o->model, &cli->error);
    dio_lm *lm =
        path ? dio_lm_open(path, &(dio_lm_options){.dtype = kept[kind]}, &cli->error) : NULL;
    dio_tokenizer *t = lm ? dio_tokenizer_load(path, &cli->error) : NULL;
    dio_device *device = t ? dio_cli_device(cli) : NULL;
    bool ok = device && generate(cli, o, lm, t, device);
    dio_lm_close(lm);
    dio_tokenizer_destroy(t);
    dio_device_close(device);
    return ok;
}

const dio_command dio_command_text = {
    .name = "text",
    .doc = "write on from a prompt",
    .options = fields,
    .repeats = repeats,
    .aliases = (const dio_args_alias[]){{'m', "model"}, {'p', "prompt"}, {'n', "max-tokens"}, {0}},
    .size = sizeof(struct options),
    .run = run,
};
