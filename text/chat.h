#pragma once
/* chat.h: conversations as the text that a model was tuned on.
 *
 * A model brings its form of a conversation as a template in Jinja, a programming language. It is
 * not run. The templates of the families we load are recognised by the expressions that make up
 * their output, and rendered by our own code: ChatML (SmolLM, Qwen 2 and 2.5, with the system text
 * that the template itself names), Qwen 3, Llama 2, Llama 3, Llama 3.1 to 3.3, and Mistral's four.
 * Another template is refused: a prompt that is nearly right makes a model nearly right.
 */
#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "text/tokenizer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dio_chat_message {
    const char *role; /* "system", "user" or "assistant" */
    const char *content;
} dio_chat_message;

typedef struct dio_chat_options {
    bool open_reply;  /* end with the opening of the assistant's turn (add_generation_prompt) */
    bool no_thinking; /* Qwen 3: open the reply with empty thoughts (enable_thinking=False) */
} dio_chat_options;

/* Appends the text of a conversation under the Jinja source `source`. bos and eos are the model's
 * tokens as text, NULL when it has none. False with a message when the template is not known, or
 * forbids the order of the messages. */
bool dio_chat_render(const char *source, const char *bos, const char *eos,
                     const dio_chat_message *messages, int n, dio_chat_options options,
                     dio_str *out, dio_error *err);

/* Appends the ids of a conversation by the tokenizer's own template. What messages say never
 * becomes a special token; what the template says does. */
bool dio_chat_encode(const dio_tokenizer *t, const dio_chat_message *messages, int n,
                     dio_chat_options options, dio_ids *out, dio_error *err);

#ifdef __cplusplus
}
#endif
