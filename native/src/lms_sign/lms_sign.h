/*
 * Making LMS keys (RFC 8554 sections 4.3 and 5.3, appendix A): the part that takes millions of hashes.
 *
 * For whoever signs images, not for devices: nothing of a device needs this folder.  Which index was used for
 * which message is the caller's to keep (boards/lms.py): an index used for two messages gives the key away.
 */
#ifndef ARMILLARY_LMS_SIGN_H
#define ARMILLARY_LMS_SIGN_H

#include "common/verdict.h"

#include <stdint.h>

/*
 * Leaves first .. first + count - 1 of the tree, each H(I || 2^height + q || D_LEAF || K).
 *
 * in:  type: an LM-OTS typecode; height 5, 10, 15, 20 or 25; identity[0..16), which is I; seed[0..n): secret;
 *      first + count <= 2^height
 * out: leaves[0 .. count * n)
 * Returns VERDICT_ACCEPT, or another value and nothing written if an argument is out of its range.
 */
verdict lms_leaves(uint32_t type, uint32_t height, const uint8_t *identity, const uint8_t *seed, uint32_t first,
                   uint32_t count, uint8_t *leaves);

#endif
