/*
 * Merkle trees over the blocks of an image (RFC 9162, section 2.1), with SHA-256.
 *
 * A leaf is SHA-256(0x00 || block), a node SHA-256(0x01 || left || right), and a tree of n leaves is split
 * after the largest power of two below n.  The last block may be short.  An empty image has the root
 * SHA-256(""), and no blocks.
 */
#ifndef ARMILLARY_MERKLE_H
#define ARMILLARY_MERKLE_H

#include "common/verdict.h"

#include <stddef.h>
#include <stdint.h>

#define MERKLE_DIGEST 32
#define MERKLE_DEEPEST 32 /* levels: at most 2^32 - 1 blocks */

/* in: data[0..length), block > 0 bytes each.  out: root[0..32). */
void merkle_root(const uint8_t *data, size_t length, size_t block, uint8_t root[MERKLE_DIGEST]);

/*
 * The path that proves block `index` (section 2.1.3.1), lowest level first.
 *
 * in:  index < ceil(length / block)
 * out: path[0 .. 32 * result); Returns the number of digests, at most MERKLE_DEEPEST
 */
size_t merkle_path(const uint8_t *data, size_t length, size_t block, size_t index,
                   uint8_t path[MERKLE_DEEPEST * MERKLE_DIGEST]);

/*
 * Is `data` the block `index` of the image with this root and `leaves` blocks (section 2.1.3.2)?
 *
 * in:  data[0..length) the block; path of `depth` digests
 * Returns VERDICT_ACCEPT or not; refuses an index out of range and a path of another depth.
 */
verdict merkle_verify(const uint8_t root[MERKLE_DIGEST], size_t leaves, size_t index, const uint8_t *data,
                      size_t length, const uint8_t *path, size_t depth);

#endif
