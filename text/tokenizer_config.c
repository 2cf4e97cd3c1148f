/* tokenizer_config.c: what tokenizer_config.json says about special tokens and chats. Of its many
 * keys only those that change ids or text are read. */
#include <string.h>

#include "text/component.h"
#include "text/tokenizer_parts.h"

/* "<s>", or {"content": "<s>", ...} as older files have it; null: none. */
static bool read_name(const dio_tokenizer *t, const dio_value *config, const char *key, int32_t *id,
                      dio_error *err)
{
    const dio_value *v = dio_map_get(config, key);
    if (v && v->kind == DIO_MAP)
        v = dio_map_get(v, "content");
    if (!v || v->kind == DIO_NULL)
        return true;
    if (v->kind != DIO_STRING)
        return dio_value_fail(v, err, "%s is %s: a token is expected", key, dio_kind_name(v->kind));
    *id = dio_vocab_find(&t->model.vocab, v->string.text, v->string.length);
    if (*id < 0)
        return dio_value_fail(v, err, "%s \"%.60s\" is not in the vocabulary", key, v->string.text);
    return true;
}

/* An add_bos_token that is written down overrules the template, as transformers does it. */
static bool read_switch(const dio_value *config, const char *key, bool *said, bool *wanted,
                        dio_error *err)
{
    const dio_value *v = dio_map_get(config, key);
    *said = v && v->kind != DIO_NULL;
    return dio_member_bool(config, key, false, wanted, err);
}

static bool apply_switches(dio_tokenizer *t, const dio_value *config, dio_error *err)
{
    bool said, wanted;
    if (!read_switch(config, "add_bos_token", &said, &wanted, err))
        return false;
    if (said && wanted && t->bos < 0)
        return dio_value_fail(config, err, "add_bos_token is true, but there is no bos_token");
    if (said && t->bos >= 0)
        dio_template_bos(&t->around, t->bos, wanted);
    if (!read_switch(config, "add_eos_token", &said, &wanted, err))
        return false;
    if (said && wanted && t->eos < 0)
        return dio_value_fail(config, err, "add_eos_token is true, but there is no eos_token");
    if (said && t->eos >= 0)
        dio_template_eos(&t->around, t->eos, wanted);
    return true;
}

/* A string, or a list of {"name", "template"} of which "default" is meant. */
static bool read_chat(dio_tokenizer *t, const dio_value *v, dio_error *err)
{
    const dio_value *text = v && v->kind == DIO_STRING ? v : NULL;
    for (int i = 0; v && v->kind == DIO_LIST && i < v->list.count; i++) {
        const dio_value *name = dio_map_get(v->list.items[i], "name");
        if (name && name->kind == DIO_STRING && !strcmp(name->string.text, "default"))
            text = dio_map_get(v->list.items[i], "template");
    }
    if (!v || v->kind == DIO_NULL)
        return true;
    if (!text || text->kind != DIO_STRING)
        return dio_value_fail(v, err,
                              "chat_template is neither a string nor a list with a "
                              "\"default\"");
    t->chat_template = dio_arena_strndup(t->arena, text->string.text, text->string.length);
    return true;
}

bool dio_tokenizer_names_read(dio_tokenizer *t, const dio_value *v, dio_error *err)
{
    if (v->kind != DIO_MAP)
        return dio_value_fail(v, err, "the configuration is %s: an object is expected",
                              dio_kind_name(v->kind));
    return read_name(t, v, "bos_token", &t->bos, err) &&
           read_name(t, v, "eos_token", &t->eos, err) &&
           read_name(t, v, "unk_token", &t->unk, err) && read_name(t, v, "pad_token", &t->pad, err);
}

bool dio_tokenizer_config_read(dio_tokenizer *t, const dio_value *v, dio_error *err)
{
    return dio_tokenizer_names_read(t, v, err) && apply_switches(t, v, err) &&
           read_chat(t, dio_map_get(v, "chat_template"), err);
}
