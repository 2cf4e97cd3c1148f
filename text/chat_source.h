#pragma once
/* chat_source.h: which family a chat template's source belongs to. */
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum { DIO_CHAT_SOURCE = 64 * 1024 }; /* bytes of a template; the longest we know has 12,000 */

typedef enum dio_chat_system {
    DIO_CHAT_SYSTEM_NONE,   /* refused */
    DIO_CHAT_SYSTEM_TURN,   /* a turn of its own */
    DIO_CHAT_SYSTEM_LLAMA2, /* inside the first user turn, between <<SYS>> marks */
    DIO_CHAT_SYSTEM_FIRST,  /* before the first user turn's text */
    DIO_CHAT_SYSTEM_LAST,   /* before the last message's text, when the user wrote it */
    DIO_CHAT_SYSTEM_DATED,  /* a turn that is always there and starts with dates */
} dio_chat_system;

/* How a family writes a conversation. */
typedef struct dio_chat_form {
    const char *name;
    bool turns;    /* role headers around every message; else [INST] around the user's */
    bool bos;      /* the text begins with bos */
    bool bos_each; /* so does every user turn */
    bool thinks;   /* Qwen 3's treatment of <think> */
    bool strips;   /* white space around contents goes; for [INST], around the user's */
    bool strips_reply;
    dio_chat_system system;
    const char *open, *middle, *close; /* turns: open role middle content close; [INST]: around
                                        * the user's content are open and close */
    const char *reply, *reply_close;   /* [INST]: around the assistant's, before and after eos */
} dio_chat_form;

/* The form of a template. *fallback is the system text that stands there when the conversation
 * has none, in the arena, NULL without one; *always_open: the template has no switch for opening
 * the reply and always does (for a first message or later ones). NULL with a message when the
 * template is not known. */
const dio_chat_form *dio_chat_recognise(dio_arena *a, const char *source, const char **fallback,
                                        bool *always_open, dio_error *err);

/* The source in one spelling: without comments, white space outside of strings, dashes in tags;
 * single quotes; message['role'] for message.role; 'a' + 'b' as 'ab'. False when text stands
 * outside of the tags, which no template we know has. */
bool dio_chat_canonical(const char *source, dio_str *out, dio_error *err);
