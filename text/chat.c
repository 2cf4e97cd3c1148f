/* chat.c: conversations rendered in parts, those of the template trusted, those of the messages
 * not. */
#include "text/chat.h"

#include <stdlib.h>
#include <string.h>

#include "text/chat_source.h"
#include "text/unicode.h"

/* Parts of the prompt; the texts live in the arena or in the messages. */
struct prompt {
    dio_arena *arena;
    const dio_chat_form *form;
    const char *bos, *eos;
    dio_text_part *parts;
    int count, cap;
    bool failed;
};

static void put(struct prompt *p, const char *text, size_t length, bool trusted)
{
    if (!dio_arena_grow(p->arena, &p->parts, p->count, &p->cap, sizeof *p->parts)) {
        p->failed = true;
        return;
    }
    p->parts[p->count++] = (dio_text_part){text, length, trusted};
}

static void put_trusted(struct prompt *p, const char *text)
{
    put(p, text, strlen(text), true);
}

/* What Python's str.strip() takes away. */
static bool is_space(uint32_t cp)
{
    return dio_cp_is_white(cp) || (cp >= 0x1c && cp <= 0x1f);
}

static size_t strip_start(const char *text, size_t n)
{
    size_t at = 0;
    uint32_t cp;
    for (int step; at < n && (step = dio_utf8_next(text + at, n - at, &cp)) && is_space(cp);)
        at += (size_t)step;
    return at;
}

static size_t strip_end(const char *text, size_t n)
{
    size_t end = strip_start(text, n);
    uint32_t cp;
    for (size_t at = end; at < n;) {
        int step = dio_utf8_next(text + at, n - at, &cp);
        at += step ? (size_t)step : 1;
        if (!step || !is_space(cp))
            end = at;
    }
    return end;
}

static void put_content(struct prompt *p, const char *text, size_t n, bool strips)
{
    size_t start = strips ? strip_start(text, n) : 0, end = strips ? strip_end(text, n) : n;
    put(p, text + start, end - start, false);
}

static bool is_role(const dio_chat_message *m, const char *role)
{
    return !strcmp(m->role, role);
}

static bool check_roles(const dio_chat_message *messages, int n, dio_error *err)
{
    if (n < 1)
        return dio_fail(err, "a conversation without messages");
    for (int i = 0; i < n; i++)
        if (!is_role(&messages[i], "system") && !is_role(&messages[i], "user") &&
            !is_role(&messages[i], "assistant"))
            return dio_fail(err,
                            "message %d: the role \"%.40s\" is not supported; known are: "
                            "system, user, assistant",
                            i, messages[i].role);
    return true;
}

static bool need(const char *token, const char *name, const dio_chat_form *form, dio_error *err)
{
    if (token)
        return true;
    return dio_fail(err,
                    "the chat template %s needs a %s_token, which this tokenizer does not "
                    "name",
                    form->name, name);
}

/* Newlines at the ends, as Python's strip('\n') has it. */
static void trim_newlines(const char **text, size_t *n, bool left, bool right)
{
    while (left && *n && **text == '\n') {
        ++*text;
        --*n;
    }
    while (right && *n && (*text)[*n - 1] == '\n')
        --*n;
}

static const char *find_last(const char *text, size_t n, const char *word)
{
    const char *last = NULL;
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= n; i++)
        if (!memcmp(text + i, word, length))
            last = text + i;
    return last;
}

/* Qwen 3 keeps the thoughts of replies to the last question and drops the older ones. */
static void put_thinking(struct prompt *p, const char *content, bool recent, bool last)
{
    static const char begin[] = "<think>", end[] = "</think>";
    const char *thought = "", *first_end = strstr(content, end);
    size_t n = strlen(content), n_thought = 0;
    if (first_end) {
        thought = content;
        n_thought = (size_t)(first_end - content);
        trim_newlines(&thought, &n_thought, false, true);
        const char *open = find_last(thought, n_thought, begin);
        if (open) {
            n_thought -= (size_t)(open - thought) + strlen(begin);
            thought = open + strlen(begin);
        }
        trim_newlines(&thought, &n_thought, true, false);
        const char *answer = find_last(content, n, end) + strlen(end);
        n -= (size_t)(answer - content);
        content = answer;
        trim_newlines(&content, &n, true, false);
    }
    if (recent && (last || n_thought)) {
        trim_newlines(&thought, &n_thought, true, true);
        trim_newlines(&content, &n, true, false);
        put_trusted(p, "<think>\n");
        put(p, thought, n_thought, false);
        put_trusted(p, "\n</think>\n\n");
    }
    put(p, content, n, false);
}

static bool is_tool_response(const char *text)
{
    static const char open[] = "<tool_response>", close[] = "</tool_response>";
    size_t n = strlen(text), n_close = strlen(close);
    return !strncmp(text, open, strlen(open)) && n >= n_close && !strcmp(text + n - n_close, close);
}

/* The place of the last question, which a tool's answer is not. */
static int last_question(const dio_chat_message *messages, int n)
{
    for (int i = n - 1; i >= 0; i--)
        if (is_role(&messages[i], "user") && !is_tool_response(messages[i].content))
            return i;
    return n - 1;
}

static void put_header(struct prompt *p, const char *role)
{
    put_trusted(p, p->form->open);
    put_trusted(p, role);
    put_trusted(p, p->form->middle);
}

static void put_dated_system(struct prompt *p, const char *system)
{
    put_header(p, "system");
    put_trusted(p, "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n");
    put_content(p, system, strlen(system), true);
    put_trusted(p, p->form->close);
}

static bool put_turns(struct prompt *p, const dio_chat_message *messages, int n,
                      const char *fallback, dio_chat_options options, dio_error *err)
{
    const dio_chat_form *form = p->form;
    bool has_system = is_role(&messages[0], "system"),
         dated = form->system == DIO_CHAT_SYSTEM_DATED;
    int question = last_question(messages, n);
    if (form->bos && !need(p->bos, "bos", form, err))
        return false;
    if (form->bos)
        put_trusted(p, p->bos);
    if (dated)
        put_dated_system(p, has_system ? messages[0].content : "");
    else if (!has_system && fallback) {
        put_header(p, "system");
        put_trusted(p, fallback);
        put_trusted(p, form->close);
    }
    for (int i = dated && has_system; i < n; i++) {
        const dio_chat_message *m = &messages[i];
        put_header(p, m->role);
        if (form->thinks && is_role(m, "assistant"))
            put_thinking(p, m->content, i > question, i == n - 1);
        else
            put_content(p, m->content, strlen(m->content), form->strips);
        put_trusted(p, form->close);
    }
    if (options.open_reply)
        put_header(p, "assistant");
    if (options.open_reply && form->thinks && options.no_thinking)
        put_trusted(p, "<think>\n\n</think>\n\n");
    return true;
}

/* The user's text with the system's before it, where the form has it. */
static void put_user(struct prompt *p, const char *content, const char *system, bool first,
                     bool last)
{
    const dio_chat_form *form = p->form;
    const char *text = content;
    if (form->system == DIO_CHAT_SYSTEM_LLAMA2 && first && system)
        text = dio_arena_printf(p->arena, "<<SYS>>\n%s\n<</SYS>>\n\n%s", system, content);
    bool here = (form->system == DIO_CHAT_SYSTEM_FIRST && first) ||
                (form->system == DIO_CHAT_SYSTEM_LAST && last);
    if (here && system)
        text = dio_arena_printf(p->arena, "%s\n\n%s", system, content);
    if (form->bos_each)
        put_trusted(p, p->bos);
    put_trusted(p, form->open);
    if (text)
        put_content(p, text, strlen(text), form->strips);
    else
        p->failed = true;
    put_trusted(p, form->close);
}

static bool put_inst(struct prompt *p, const dio_chat_message *messages, int n, dio_error *err)
{
    const dio_chat_form *form = p->form;
    const char *system = NULL;
    if (!need(p->bos, "bos", form, err) || !need(p->eos, "eos", form, err))
        return false;
    int skipped = is_role(&messages[0], "system");
    if (skipped && form->system == DIO_CHAT_SYSTEM_NONE)
        return dio_fail(err, "the chat template %s has no place for a system message", form->name);
    if (skipped)
        system = messages[0].content;
    /* Where the template would drop it without a word. */
    bool place = form->system == DIO_CHAT_SYSTEM_LAST ? (n - skipped) % 2 == 1 : n > skipped;
    if (system && !place && strip_start(system, strlen(system)) < strlen(system))
        return dio_fail(err,
                        "the chat template %s puts the system message into the %s, and there "
                        "is none",
                        form->name,
                        form->system == DIO_CHAT_SYSTEM_LAST ? "user's last word"
                                                             : "user's first message");
    if (form->bos)
        put_trusted(p, p->bos);
    for (int i = skipped; i < n; i++) {
        const dio_chat_message *m = &messages[i];
        bool user = (i - skipped) % 2 == 0;
        if (!is_role(m, user ? "user" : "assistant"))
            return dio_fail(err,
                            "message %d: %s is expected from the %s by the chat template %s, "
                            "in which the two take turns",
                            i, "a text", user ? "user" : "assistant", form->name);
        if (user) {
            put_user(p, m->content, system, i == skipped, i == n - 1);
            continue;
        }
        put_trusted(p, form->reply);
        put_content(p, m->content, strlen(m->content), form->strips_reply);
        /* Llama 2 has its space before the end token, old Mistral after it. */
        if (form->bos_each)
            put_trusted(p, form->reply_close);
        put_trusted(p, p->eos);
        if (!form->bos_each)
            put_trusted(p, form->reply_close);
    }
    return true;
}

static bool build(struct prompt *p, const char *source, const dio_chat_message *messages, int n,
                  dio_chat_options options, dio_error *err)
{
    const char *fallback = NULL;
    bool always_open = false;
    if (!check_roles(messages, n, err))
        return false;
    p->form = dio_chat_recognise(p->arena, source, &fallback, &always_open, err);
    if (!p->form)
        return false;
    options.open_reply = options.open_reply || always_open;
    bool ok = p->form->turns ? put_turns(p, messages, n, fallback, options, err)
                             : put_inst(p, messages, n, err);
    if (ok && (p->failed || dio_arena_failed(p->arena)))
        ok = dio_fail_memory(err, "a conversation");
    return ok;
}

bool dio_chat_render(const char *source, const char *bos, const char *eos,
                     const dio_chat_message *messages, int n, dio_chat_options options,
                     dio_str *out, dio_error *err)
{
    struct prompt p = {.arena = dio_arena_create(), .bos = bos, .eos = eos};
    if (!p.arena)
        return dio_fail_memory(err, "a conversation");
    bool ok = build(&p, source, messages, n, options, err);
    for (int i = 0; ok && i < p.count; i++)
        dio_str_put(out, p.parts[i].text, p.parts[i].length);
    if (ok && out->failed)
        ok = dio_fail_memory(err, "a conversation");
    dio_arena_destroy(p.arena);
    return ok;
}

static const char *token_text(const dio_tokenizer *t, int32_t id)
{
    dio_error ignored = {0};
    return id >= 0 ? dio_tokenizer_token(t, id, &ignored) : NULL;
}

bool dio_chat_encode(const dio_tokenizer *t, const dio_chat_message *messages, int n,
                     dio_chat_options options, dio_ids *out, dio_error *err)
{
    const char *source = dio_tokenizer_chat_template(t);
    if (!source)
        return dio_fail(err, "this tokenizer has no chat template; give the prompt as plain text");
    struct prompt p = {.arena = dio_arena_create(),
                       .bos = token_text(t, dio_tokenizer_bos(t)),
                       .eos = token_text(t, dio_tokenizer_eos(t))};
    if (!p.arena)
        return dio_fail_memory(err, "a conversation");
    bool ok = build(&p, source, messages, n, options, err) &&
              dio_tokenizer_encode_parts(t, p.parts, p.count, false, out, err);
    dio_arena_destroy(p.arena);
    return ok;
}
