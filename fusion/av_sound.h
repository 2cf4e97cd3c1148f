#pragma once
/* av_sound.h: the sound of any file that FFmpeg can decode: MP3, Ogg, AAC, the track of a film.
 *
 * WAV and FLAC have a stricter reader of their own (audio/): this one is for what people bring.
 */
#include "audio/clip.h"

/* The file's best sound track, whole, at its own rate and channels. Priming that the file declares
 * is left out. NULL with a message. */
dio_clip *dio_av_clip(const char *path, dio_error *err);
