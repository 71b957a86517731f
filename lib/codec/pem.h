/* codec/pem.h - certificates out of a file, as one certificate authority or a bundle of them comes: PEM
 * (RFC 7468) or DER. What a certificate says is not looked at. */
#ifndef CB_CODEC_PEM_H
#define CB_CODEC_PEM_H

#include "core/mem.h"

/* Appends every certificate's DER to ret, one behind the other. In PEM, text between the blocks and
 * blocks of other kinds are passed over. CB_ECORRUPT names the line or the byte; CB_ENOTMINE: no
 * certificate is there. */
CB_MUST int cb_pem_certificates(struct cb_env *env, struct cb_bytes in, struct cb_buf *ret,
				size_t *ret_n);
/* Bytes of the DER SEQUENCE that in begins with; 0: none, or not all of it is there. */
size_t cb_der_sequence(struct cb_bytes in);

#endif
