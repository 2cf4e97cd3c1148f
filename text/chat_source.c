/* chat_source.c: the families' templates, each by the expressions that make its output. All of a
 * row's `needs` must stand in the source (in its canonical spelling) and none of its `lacks`. */
#include "text/chat_source.h"

#include <string.h>

#define IM_TURN     "{{'<|im_start|>'+message['role']+'\\n'+message['content']+'<|im_end|>\\n'}}"
#define IM_OPEN     "{%ifadd_generation_prompt%}{{'<|im_start|>assistant\\n'}}"
#define HEADER      "'<|start_header_id|>'+message['role']+'<|end_header_id|>\\n\\n'+"
#define HEADER_OPEN "{{'<|start_header_id|>assistant<|end_header_id|>\\n\\n'}}"

enum { NEEDS = 6 };

static const struct row {
    dio_chat_form form;
    const char *needs[NEEDS], *lacks[NEEDS];
} rows[] = {
    {{.name = "ChatML",
      .turns = true,
      .system = DIO_CHAT_SYSTEM_TURN,
      .open = "<|im_start|>",
      .middle = "\n",
      .close = "<|im_end|>\n"},
     {IM_TURN, IM_OPEN},
     {"bos_token", "eos_token", "<think>", "trim", "strip(", "/no_think"}},
    {{.name = "Qwen 3",
      .turns = true,
      .thinks = true,
      .system = DIO_CHAT_SYSTEM_TURN,
      .open = "<|im_start|>",
      .middle = "\n",
      .close = "<|im_end|>\n"},
     {"{{'<|im_start|>'+message['role']+'\\n'+content+'<|im_end|>\\n'}}", IM_OPEN,
      "{%setns.last_query_index=index%}", "{{'<think>\\n\\n</think>\\n\\n'}}",
      "'\\n<think>\\n'+reasoning_content.strip('\\n')+'\\n</think>\\n\\n'+content.lstrip('\\n')}}",
      "{%ifloop.lastor(notloop.lastandreasoning_content)%}"},
     {"bos_token", "eos_token", "<|vision_start|>", "|trim"}},
    {{.name = "Llama 3",
      .turns = true,
      .bos = true,
      .strips = true,
      .system = DIO_CHAT_SYSTEM_TURN,
      .open = "<|start_header_id|>",
      .middle = "<|end_header_id|>\n\n",
      .close = "<|eot_id|>"},
     {"{%setcontent=" HEADER "message['content']|trim+'<|eot_id|>'%}",
      "{%setcontent=bos_token+content%}", HEADER_OPEN},
     {"Today Date", "<|im_start|>", "[INST]", "eos_token"}},
    {{.name = "Llama 3.1",
      .turns = true,
      .bos = true,
      .strips = true,
      .system = DIO_CHAT_SYSTEM_DATED,
      .open = "<|start_header_id|>",
      .middle = "<|end_header_id|>\n\n",
      .close = "<|eot_id|>"},
     {"{{bos_token}}", "{%setdate_string='26 Jul 2024'%}",
      "{{'Cutting Knowledge Date: December 2023\\n'}}{{'Today Date: '+date_string+'\\n\\n'}}",
      "{{" HEADER "message['content']|trim+'<|eot_id|>'}}",
      "{%ifadd_generation_prompt%}" HEADER_OPEN,
      "{%setsystem_message=messages[0]['content']|trim%}"},
     {"<|im_start|>", "[INST]", "eos_token", "<think>"}},
    {{.name = "Llama 2",
      .bos_each = true,
      .strips = true,
      .strips_reply = true,
      .system = DIO_CHAT_SYSTEM_LLAMA2,
      .open = "[INST] ",
      .close = " [/INST]",
      .reply = " ",
      .reply_close = " "},
     {"{%setcontent='<<SYS>>\\n'+system_message+'\\n<</SYS>>\\n\\n'+message['content']%}",
      "{{bos_token+'[INST] '+content.strip()+' [/INST]'}}", "{{' '+content.strip()+' '+eos_token}}",
      "{%setsystem_message=false%}", "{%setsystem_message=messages[0]['content']%}"},
     {"DEFAULT", "{%elifmessage['role']=='system'%}", "true==true"}},
    {{.name = "Mistral 1",
      .bos = true,
      .system = DIO_CHAT_SYSTEM_NONE,
      .open = "[INST] ",
      .close = " [/INST]",
      .reply = "",
      .reply_close = ""},
     {"{{bos_token}}{%formessageinmessages%}", "{{'[INST] '+message['content']+' [/INST]'}}",
      "{{message['content']+eos_token}}"},
     {"system_message", "<<SYS>>", "trim", "strip("}},
    {{.name = "Mistral 1, spaced",
      .bos = true,
      .system = DIO_CHAT_SYSTEM_NONE,
      .open = "[INST] ",
      .close = " [/INST]",
      .reply = "",
      .reply_close = " "},
     {"{{bos_token}}{%formessageinmessages%}", "{{'[INST] '+message['content']+' [/INST]'}}",
      "{{message['content']+eos_token+' '}}"},
     {"system_message", "<<SYS>>", "trim", "strip("}},
    {{.name = "Mistral 2",
      .bos = true,
      .system = DIO_CHAT_SYSTEM_FIRST,
      .open = " [INST] ",
      .close = " [/INST]",
      .reply = " ",
      .reply_close = ""},
     {"{{bos_token}}", "{%ifloop.firstandsystem_messageisdefined%}",
      "{{' [INST] '+system_message+'\\n\\n'+message['content']+' [/INST]'}}",
      "{{' [INST] '+message['content']+' [/INST]'}}", "{{' '+message['content']+eos_token}}"},
     {"<<SYS>>", "trim", "strip("}},
    {{.name = "Mistral 3",
      .bos = true,
      .strips_reply = true,
      .system = DIO_CHAT_SYSTEM_LAST,
      .open = "[INST] ",
      .close = "[/INST]",
      .reply = " ",
      .reply_close = ""},
     {"{{bos_token}}", "{%ifloop.lastandsystem_messageisdefined%}",
      "{{'[INST] '+system_message+'\\n\\n'+message['content']+'[/INST]'}}",
      "{{'[INST] '+message['content']+'[/INST]'}}", "{{' '+message['content']|trim+eos_token}}"},
     {"<<SYS>>", "strip("}},
    {{.name = "Mistral Nemo",
      .bos = true,
      .system = DIO_CHAT_SYSTEM_LAST,
      .open = "[INST]",
      .close = "[/INST]",
      .reply = "",
      .reply_close = ""},
     {"{{bos_token}}", "{%ifloop.lastandsystem_messageisdefined%}",
      "{{'[INST]'+system_message+'\\n\\n'+message['content']+'[/INST]'}}",
      "{{'[INST]'+message['content']+'[/INST]'}}", "{{message['content']+eos_token}}"},
     {"<<SYS>>", "trim", "strip("}},
};

static bool fits(const struct row *row, const char *source)
{
    for (int i = 0; i < NEEDS && row->needs[i]; i++)
        if (!strstr(source, row->needs[i]))
            return false;
    for (int i = 0; i < NEEDS && row->lacks[i]; i++)
        if (strstr(source, row->lacks[i]))
            return false;
    return true;
}

/* ChatML templates may bring a system text: '<|im_start|>system\nText<|im_end|>\n'. */
static const char *find_fallback(dio_arena *a, const char *source)
{
    static const char open[] = "{{'<|im_start|>system\\n", close[] = "<|im_end|>\\n'}}";
    for (const char *at = source; (at = strstr(at, open)); at++) {
        const char *text = at + strlen(open), *end = strstr(text, close);
        if (end && end > text && !memchr(text, '\'', (size_t)(end - text)) &&
            !memchr(text, '\\', (size_t)(end - text)))
            return dio_arena_strndup(a, text, (size_t)(end - text));
    }
    return NULL;
}

const dio_chat_form *dio_chat_recognise(dio_arena *a, const char *source, const char **fallback,
                                        bool *always_open, dio_error *err)
{
    dio_str canonical = {0};
    const dio_chat_form *form = NULL;
    if (strlen(source) > DIO_CHAT_SOURCE) {
        dio_fail(err, "a chat template of more than %d bytes", DIO_CHAT_SOURCE);
        return NULL;
    }
    if (dio_chat_canonical(source, &canonical, err)) {
        const char *text = canonical.text ? canonical.text : "";
        for (size_t i = 0; !form && i < sizeof rows / sizeof *rows; i++)
            if (fits(&rows[i], text))
                form = &rows[i].form;
        *fallback = form && form->turns && !form->bos ? find_fallback(a, text) : NULL;
        *always_open = form && form->turns && !strstr(text, "add_generation_prompt");
    }
    if (!form)
        dio_fail(err, "this chat template is not one of the families we know (ChatML, Qwen 3, "
                      "Llama 2, Llama 3, Llama 3.1, Mistral 1 to 3 and Nemo); write the prompt as "
                      "the model expects it and give it as plain text");
    dio_str_deinit(&canonical);
    return form;
}
