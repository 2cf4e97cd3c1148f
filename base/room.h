#pragma once
/* room.h: how much memory may still be taken, so that work can be refused before it is begun. */
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that this process can still use without swapping or being killed: the least of what the
 * machine has available, what its control group allows, and what is left under the limit on its
 * address space. Where nothing can be learnt, 4 GiB. */
size_t dio_room_memory(void);

#ifdef __cplusplus
}
#endif
