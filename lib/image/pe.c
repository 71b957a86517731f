/* image/pe.c - reading PE32+ headers (Microsoft, "PE Format"). */
#include "image/pe.h"

#include "core/limits.h"
#include "image/pe_priv.h"

static int read_head(struct cb_pe *pe, size_t n)
{
	uint8_t *p = cb_alloc(pe->env, n);

	if (p == NULL)
		return CB_ENOMEM;
	cb_free(pe->env, (void *)(uintptr_t)pe->head.p, pe->head.n);
	pe->head = (struct cb_bytes){ p, n };
	return cb_input_read(pe->env, &pe->in, 0, p, n);
}

/* The DOS header, and where the PE header is. */
static int find_pe(struct cb_pe *pe)
{
	uint8_t b[64];
	uint32_t magic;

	if (pe->in.size < sizeof(b))
		return cb_fail(pe->env, CB_ENOTMINE, "PE: %llu bytes", (unsigned long long)pe->in.size);

	int r = cb_input_read(pe->env, &pe->in, 0, b, sizeof(b));

	if (r < 0)
		return r;

	struct cb_cur c = cb_cur((struct cb_bytes){ b, sizeof(b) });

	if (cb_cur_le16(&c) != PE_MZ)
		return cb_fail(pe->env, CB_ENOTMINE, "PE: no MZ");
	(void)cb_cur_take(&c, PE_LFANEW - 2);
	pe->pe_off = cb_cur_le32(&c);
	if (pe->pe_off > CB_MAX_PE_HEADER ||
	    !cb_in_range(pe->pe_off, 4 + sizeof(struct pe_coff) + sizeof(struct pe_opt), pe->in.size))
		return cb_fail(pe->env, CB_ENOTMINE, "PE: header at %u of %llu bytes", pe->pe_off,
			       (unsigned long long)pe->in.size);
	r = cb_input_read(pe->env, &pe->in, pe->pe_off, b, 4);
	if (r < 0)
		return r;
	c = cb_cur((struct cb_bytes){ b, 4 });
	magic = cb_cur_le32(&c);
	if (magic != PE_MAGIC)
		return cb_fail(pe->env, CB_ENOTMINE, "PE: magic 0x%08x at %u", magic, pe->pe_off);
	return 0;
}

static int check_sizes(struct cb_pe *pe, const struct pe_opt *opt, uint32_t opt_size)
{
	struct cb_env *env = pe->env;
	uint32_t ndirs = cb_get_le32(opt->ndirs), magic = cb_get_le16(opt->magic);

	if (magic == PE_MAGIC_32)
		return cb_fail(env, CB_EUNSUP, "PE: a 32-bit image (PE32); only PE32+ is supported");
	if (magic != PE_MAGIC_64)
		return cb_fail(env, CB_ECORRUPT, "PE: optional header magic 0x%x, not 0x20b", magic);
	if (ndirs > PE_MAX_DIRS || opt_size < sizeof(*opt) + ndirs * sizeof(struct pe_dir))
		return cb_fail(env, CB_ECORRUPT, "PE: %u data directories in a header of %u bytes", ndirs,
			       opt_size);
	if (pe->nsections > CB_MAX_PE_SECTIONS)
		return cb_fail(env, CB_ELIMIT, "PE: %u sections > %u", pe->nsections, CB_MAX_PE_SECTIONS);
	pe->section_align = cb_get_le32(opt->section_align);
	pe->file_align = cb_get_le32(opt->file_align);
	if (!cb_is_pow2(pe->section_align) || !cb_is_pow2(pe->file_align) || pe->file_align > 65536)
		return cb_fail(env, CB_ECORRUPT, "PE: section alignment %u, file alignment %u",
			       pe->section_align, pe->file_align);
	pe->headers_size = cb_get_le32(opt->headers_size);
	if (pe->headers_size > CB_MAX_PE_HEADER)
		return cb_fail(env, CB_ELIMIT, "PE: %u bytes of headers > %u", pe->headers_size,
			       CB_MAX_PE_HEADER);

	uint64_t end = pe->table_off + (uint64_t)pe->nsections * sizeof(struct pe_shdr);

	if (end > pe->headers_size || pe->headers_size > pe->in.size)
		return cb_fail(env, CB_ECORRUPT,
			       "PE: section table ends at %llu, headers at %u, the file at %llu",
			       (unsigned long long)end, pe->headers_size,
			       (unsigned long long)pe->in.size);
	return 0;
}

/* Fixed fields, sizes, and then all of the headers into memory. */
static int read_headers(struct cb_pe *pe)
{
	size_t fixed = pe->pe_off + 4 + sizeof(struct pe_coff) + sizeof(struct pe_opt);
	int r = read_head(pe, fixed);

	if (r < 0)
		return r;

	const struct pe_coff *coff = cb_view(struct pe_coff, pe->head, pe->pe_off + 4);
	const struct pe_opt *opt = cb_view(struct pe_opt, pe->head, pe->pe_off + 4 + sizeof(*coff));

	if (coff == NULL || opt == NULL)
		return cb_fail(pe->env, CB_ECORRUPT, "PE: header at %u", pe->pe_off);
	pe->machine = cb_get_le16(coff->machine);
	pe->arch = cb_arch_from_pe(pe->machine);
	pe->nsections = cb_get_le16(coff->nsections);
	pe->opt_off = pe->pe_off + 4 + (uint32_t)sizeof(*coff);
	pe->table_off = pe->opt_off + cb_get_le16(coff->opt_size);
	pe->checksum_off = pe->opt_off + (uint32_t)offsetof(struct pe_opt, checksum);
	pe->subsystem = cb_get_le16(opt->subsystem);
	pe->dll_flags = cb_get_le16(opt->dll_flags);
	pe->image_size = cb_get_le32(opt->image_size);
	pe->image_base = cb_get_le64(opt->image_base);
	if (cb_get_le32(opt->ndirs) > PE_DIR_CERT)
		pe->cert_dir_off = pe->opt_off + PE_DIR_OFF(PE_DIR_CERT);
	r = check_sizes(pe, opt, cb_get_le16(coff->opt_size));
	if (r < 0)
		return r;
	return read_head(pe, pe->headers_size);
}

static int read_cert(struct cb_pe *pe)
{
	const struct pe_dir *d = NULL;

	if (pe->cert_dir_off != 0)
		d = cb_view(struct pe_dir, pe->head, pe->cert_dir_off);
	if (d == NULL || cb_get_le32(d->size) == 0)
		return 0;
	pe->cert_off = cb_get_le32(d->at);
	pe->cert_size = cb_get_le32(d->size);
	if (pe->cert_off < pe->headers_size || !cb_in_range(pe->cert_off, pe->cert_size, pe->in.size))
		return cb_fail(pe->env, CB_ECORRUPT, "PE: certificates at %u+%u, file of %llu bytes",
			       pe->cert_off, pe->cert_size, (unsigned long long)pe->in.size);
	return 0;
}

bool pe_overlap(uint32_t a, uint32_t an, uint32_t b, uint32_t bn)
{
	return an > 0 && bn > 0 && (a < b ? b - a < an : a - b < bn);
}

static int check_section(const struct cb_pe *pe, uint32_t i)
{
	const struct cb_pe_section *s = &pe->section[i];

	if (s->raw_size > 0 && !cb_in_range(s->off, s->raw_size, pe->in.size))
		return cb_fail(pe->env, CB_ECORRUPT, "PE: section %u (%s) at %u+%u, file of %llu bytes", i,
			       s->name, s->off, s->raw_size, (unsigned long long)pe->in.size);
	if (s->vsize > UINT32_MAX - s->vaddr)
		return cb_fail(pe->env, CB_ECORRUPT, "PE: section %u (%s) at address 0x%x+0x%x", i,
			       s->name, s->vaddr, s->vsize);
	for (uint32_t j = 0; j < i; j++) {
		const struct cb_pe_section *o = &pe->section[j];

		if (pe_overlap(s->off, s->raw_size, o->off, o->raw_size))
			return cb_fail(pe->env, CB_ECORRUPT, "PE: sections %u (%s) and %u (%s) overlap",
				       j, o->name, i, s->name);
	}
	return 0;
}

static int read_sections(struct cb_pe *pe)
{
	if (pe->nsections == 0)
		return 0;
	pe->section = cb_alloc(pe->env, pe->nsections * sizeof(*pe->section));
	if (pe->section == NULL)
		return CB_ENOMEM;
	for (uint32_t i = 0; i < pe->nsections; i++) {
		const struct pe_shdr *h = cb_view(struct pe_shdr, pe->head,
						  pe->table_off + i * sizeof(*h));
		struct cb_pe_section *s = &pe->section[i];

		if (h == NULL)
			return cb_fail(pe->env, CB_ECORRUPT, "PE: section header %u", i);
		for (unsigned k = 0; k < sizeof(h->name); k++)   /* text in reports: printable */
			s->name[k] = (char)(h->name[k] == 0 || (h->name[k] > 0x20 && h->name[k] < 0x7f) ?
					    h->name[k] : '?');
		s->vaddr = cb_get_le32(h->vaddr);
		s->vsize = cb_get_le32(h->vsize);
		s->off = cb_get_le32(h->raw_off);
		s->raw_size = cb_get_le32(h->raw_size);
		if (s->vsize == 0)      /* firmware then takes the file's size */
			s->vsize = s->raw_size;
		s->flags = cb_get_le32(h->flags);

		int r = check_section(pe, i);

		if (r < 0)
			return r;
	}
	return 0;
}

int cb_pe_open(struct cb_env *env, const struct cb_input *in, struct cb_pe **ret)
{
	struct cb_pe *pe = cb_alloc(env, sizeof(*pe));
	int r;

	if (pe == NULL)
		return CB_ENOMEM;
	pe->env = env;
	pe->in = *in;
	r = find_pe(pe);
	if (r == 0)
		r = read_headers(pe);
	if (r == 0)
		r = read_cert(pe);
	if (r == 0)
		r = read_sections(pe);
	if (r < 0) {
		cb_pe_close(pe);
		return r;
	}
	*ret = pe;
	return 0;
}

void cb_pe_close(struct cb_pe *pe)
{
	if (pe == NULL)
		return;
	cb_free(pe->env, pe->section, pe->nsections * sizeof(*pe->section));
	cb_free(pe->env, (void *)(uintptr_t)pe->head.p, pe->head.n);
	cb_free(pe->env, pe, sizeof(*pe));
}

const struct cb_pe_section *cb_pe_find(const struct cb_pe *pe, struct cb_str name)
{
	for (uint32_t i = 0; i < pe->nsections; i++)
		if (cb_str_eq(cb_str_c(pe->section[i].name), name))
			return &pe->section[i];
	return NULL;
}

struct cb_input cb_pe_content(const struct cb_pe *pe, const struct cb_pe_section *s)
{
	return cb_input_sub(&pe->in, s->off, cb_min(s->vsize, s->raw_size));
}
