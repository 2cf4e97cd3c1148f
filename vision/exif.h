#pragma once
/* exif.h: private to vision/: the one fact of EXIF that changes what one sees. */
#include <stddef.h>

/* Tag 274 of a TIFF block ("II*\0" or "MM\0*" first), 1..8; 1 when it is absent or broken. */
int dio_exif_orientation(const unsigned char *bytes, size_t n);
