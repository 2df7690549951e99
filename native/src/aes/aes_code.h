/*
 * Which code works with a key: chosen when the key is made, recorded in struct aes.
 */
#ifndef ARMILLARY_AES_CODE_H
#define ARMILLARY_AES_CODE_H

#define AES_SLICED 0u /* aes_slice.c: words[8 * r ..] are the bit planes of round key r, for two blocks */
#define AES_128 1u    /* AES instructions: words[4 * r ..] are round key r as FIPS 197 has it, in memory order */
#define AES_512 2u    /* the same keys; four blocks in one register where that is faster */

#endif
