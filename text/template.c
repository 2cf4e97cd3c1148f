/* template.c: the post-processor: which special tokens stand around a text. */
#include <string.h>

#include "text/component.h"
#include "text/tokenizer_parts.h"

enum { TEMPLATE, BYTE_LEVEL, ROBERTA };

static const dio_component table[] = {
    [TEMPLATE] = {"TemplateProcessing", "single pair special_tokens "},
    [BYTE_LEVEL] = {"ByteLevel", "add_prefix_space trim_offsets use_regex "},
    [ROBERTA] = {"RobertaProcessing", "sep cls trim_offsets add_prefix_space "},
    {NULL},
};

static const dio_components components = {"post_processor", "processors", table};

static bool put(dio_template *around, int32_t id, const dio_value *v, dio_error *err)
{
    if (around->count == DIO_TEMPLATE_MOST)
        return dio_value_fail(v, err, "a template of more than %d pieces", DIO_TEMPLATE_MOST);
    around->pieces[around->count++] = id;
    return true;
}

/* The ids of special token `name`, as "special_tokens" lists them. */
static bool put_special(dio_tokenizer *t, const dio_value *specials, const dio_value *name,
                        dio_error *err)
{
    const dio_value *entry = dio_map_get(specials, name->string.text);
    const dio_value *ids = dio_map_get(entry, "ids"), *tokens = dio_map_get(entry, "tokens");
    if (!ids || ids->kind != DIO_LIST || !tokens || tokens->kind != DIO_LIST ||
        ids->list.count != tokens->list.count)
        return dio_value_fail(name, err,
                              "special_tokens has no \"%.60s\" with as many \"ids\" as "
                              "\"tokens\"",
                              name->string.text);
    for (int i = 0; i < ids->list.count; i++) {
        const dio_value *id = ids->list.items[i], *token = tokens->list.items[i];
        if (id->kind != DIO_INT || token->kind != DIO_STRING)
            return dio_value_fail(id, err,
                                  "special_tokens: ids are not numbers or tokens not "
                                  "strings");
        int32_t known = dio_vocab_find(&t->model.vocab, token->string.text, token->string.length);
        if (known < 0 || known != id->integer)
            return dio_value_fail(id, err,
                                  "special_tokens gives \"%.60s\" the id %lld; in the "
                                  "vocabulary it is %d",
                                  token->string.text, (long long)id->integer, (int)known);
        if (!put(&t->around, known, id, err))
            return false;
    }
    return true;
}

static bool read_piece(dio_tokenizer *t, const dio_value *specials, const dio_value *piece,
                       dio_error *err)
{
    bool one = piece->kind == DIO_MAP && piece->map.count == 1;
    const dio_value *id = one ? dio_map_get(piece->map.items[0], "id") : NULL;
    if (!id || id->kind != DIO_STRING)
        return dio_value_fail(piece, err,
                              "a piece of a template is neither {\"Sequence\": ...} nor "
                              "{\"SpecialToken\": ...} with an \"id\"");
    const char *kind = piece->map.keys[0]->string.text;
    if (!strcmp(kind, "SpecialToken"))
        return put_special(t, specials, id, err);
    if (strcmp(kind, "Sequence") || strcmp(id->string.text, "A"))
        return dio_value_fail(piece, err, "a template for one text has the piece %.60s \"%.60s\"",
                              kind, id->string.text);
    return put(&t->around, DIO_TEMPLATE_TEXT, piece, err);
}

/* ["<|endoftext|>", 49407] under the key. */
static bool put_pair(dio_tokenizer *t, const dio_value *v, const char *key, dio_error *err)
{
    const dio_value *pair = dio_map_get(v, key);
    bool good = pair && pair->kind == DIO_LIST && pair->list.count == 2 &&
                pair->list.items[0]->kind == DIO_STRING && pair->list.items[1]->kind == DIO_INT;
    if (!good)
        return dio_value_fail(pair ? pair : v, err, "RobertaProcessing: %s is not [\"token\", id]",
                              key);
    const dio_value *token = pair->list.items[0], *id = pair->list.items[1];
    int32_t known = dio_vocab_find(&t->model.vocab, token->string.text, token->string.length);
    if (known < 0 || known != id->integer)
        return dio_value_fail(id, err,
                              "RobertaProcessing gives \"%.60s\" the id %lld; in the vocabulary it "
                              "is %d",
                              token->string.text, (long long)id->integer, (int)known);
    return put(&t->around, known, id, err);
}

static bool read_one(void *user, int kind, const dio_value *v, dio_error *err)
{
    dio_tokenizer *t = user;
    if (kind == BYTE_LEVEL)
        return true; /* it moves offsets, which we do not give */
    if (t->around.count)
        return dio_value_fail(v, err,
                              "two post-processors that put tokens around a text are not "
                              "supported");
    if (kind == ROBERTA)
        return put_pair(t, v, "cls", err) && put(&t->around, DIO_TEMPLATE_TEXT, v, err) &&
               put_pair(t, v, "sep", err);
    const dio_value *single = dio_map_get(v, "single");
    const dio_value *specials = dio_map_get(v, "special_tokens");
    if (!single || single->kind != DIO_LIST || !single->list.count)
        return dio_value_fail(v, err, "TemplateProcessing has no list \"single\"");
    int texts = 0;
    for (int i = 0; i < single->list.count; i++)
        if (!read_piece(t, specials, single->list.items[i], err))
            return false;
    for (int i = 0; i < t->around.count; i++)
        texts += t->around.pieces[i] == DIO_TEMPLATE_TEXT;
    if (texts != 1)
        return dio_value_fail(single, err, "a template has the text %d times; once is expected",
                              texts);
    return true;
}

bool dio_template_read(dio_tokenizer *t, const dio_value *v, dio_error *err)
{
    if (!dio_components_read(&components, v, read_one, t, err))
        return false;
    if (!t->around.count)
        t->around = (dio_template){{DIO_TEMPLATE_TEXT}, 1};
    return true;
}

void dio_template_bos(dio_template *around, int32_t id, bool wanted)
{
    bool there = around->pieces[0] == id;
    size_t rest = sizeof around->pieces[0] * (DIO_TEMPLATE_MOST - 1);
    if (wanted && !there && around->count < DIO_TEMPLATE_MOST) {
        memmove(around->pieces + 1, around->pieces, rest);
        around->pieces[0] = id;
        around->count++;
    } else if (!wanted && there) {
        memmove(around->pieces, around->pieces + 1, rest);
        around->count--;
    }
}

void dio_template_eos(dio_template *around, int32_t id, bool wanted)
{
    bool there = around->pieces[around->count - 1] == id;
    if (wanted && !there && around->count < DIO_TEMPLATE_MOST)
        around->pieces[around->count++] = id;
    else if (!wanted && there)
        around->count--;
}
