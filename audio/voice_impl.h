#pragma once
/* voice_impl.h: what voice*.c share. */
#include "audio/voice.h"

extern const dio_network_kind dio_voice_kind;
