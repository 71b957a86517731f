/* image/pe_write.c - appending sections to an image, and describing it from elsewhere in a file. */
#include "image/pe.h"

#include "core/limits.h"
#include "image/pe_priv.h"

#define PAGE 4096u                       /* firmware maps and protects pages */

struct out_section {
	struct cb_pe_section s;
	struct cb_input data;
	const struct cb_pe_add *add;     /* NULL: as it was */
};

struct writer {
	const struct cb_pe *pe;
	struct out_section *v;
	uint32_t n, room;
	uint32_t file_align, headers_size;
	uint64_t image_end, file_end;
};

/* The lowest address above s that something else of the image has. */
static uint32_t next_vaddr(const struct cb_pe *pe, const struct cb_pe_section *s)
{
	uint32_t next = UINT32_MAX;

	for (uint32_t i = 0; i < pe->nsections; i++)
		if (pe->section[i].vaddr > s->vaddr && pe->section[i].vaddr < next)
			next = pe->section[i].vaddr;
	return next;
}

static const struct cb_pe_add *replacement(const struct cb_pe_add *add, size_t n,
					   const struct cb_pe_section *s)
{
	for (size_t i = 0; i < n; i++)
		if (add[i].replace && cb_str_eq(add[i].name, cb_str_c(s->name)))
			return &add[i];
	return NULL;
}

/* The image's own sections. One to be replaced keeps its address when the new content fits there, and
 * otherwise makes way: its content then comes after the last. */
static void keep_old(struct writer *w, const struct cb_pe_add *add, size_t n)
{
	const struct cb_pe *pe = w->pe;

	for (uint32_t i = 0; i < pe->nsections; i++) {
		const struct cb_pe_section *s = &pe->section[i];
		struct out_section o = { *s, cb_input_sub(&pe->in, s->off, s->raw_size),
					 replacement(add, n, s) };

		if (o.add != NULL && (s->vsize == 0 || o.add->data.size > next_vaddr(pe, s) - s->vaddr))
			continue;
		if (o.add != NULL) {
			o.data = o.add->data;
			o.s.vsize = (uint32_t)o.data.size;
		}
		w->image_end = cb_max(w->image_end, (uint64_t)o.s.vaddr + cb_max(o.s.vsize, 1));
		w->v[w->n++] = o;
	}
}

static bool placed(const struct writer *w, const struct cb_pe_add *add)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (w->v[i].add == add)
			return true;
	return false;
}

static int add_new(struct writer *w, const struct cb_pe_add *add)
{
	struct cb_env *env = w->pe->env;
	uint64_t align = cb_max(w->pe->section_align, PAGE), at = (w->image_end + align - 1) & ~(align - 1);
	struct out_section *o = &w->v[w->n++];

	if (add->name.n == 0 || add->name.n > 8 || add->data.size == 0)
		return cb_fail(env, CB_EINVAL, "PE: new section \"%.*s\" of %llu bytes",
			       CB_STR_ARG(add->name), (unsigned long long)add->data.size);
	if (!cb_in_range(at, add->data.size, UINT32_MAX - align))
		return cb_fail(env, CB_ELIMIT, "PE: section %.*s ends past 4 GiB", CB_STR_ARG(add->name));
	memcpy(o->s.name, add->name.p, add->name.n);
	o->s.vaddr = (uint32_t)at;
	o->s.vsize = (uint32_t)add->data.size;
	o->s.flags = add->flags;
	o->data = add->data;
	o->add = add;
	w->image_end = at + o->s.vsize;
	return 0;
}

/* File offsets, in table order. Headers keep their size unless the table has outgrown it. */
/* New addresses are found by the old ones: those have to make sense. */
static int check_addresses(const struct cb_pe *pe)
{
	for (uint32_t i = 0; i < pe->nsections; i++)
		for (uint32_t j = 0; j < i; j++) {
			const struct cb_pe_section *s = &pe->section[i], *o = &pe->section[j];

			if (pe_overlap(s->vaddr, s->vsize, o->vaddr, o->vsize))
				return cb_fail(pe->env, CB_ECORRUPT,
					       "PE: sections %u (%s) and %u (%s) overlap in memory",
					       j, o->name, i, s->name);
		}
	return 0;
}

static int lay_out(struct writer *w)
{
	const struct cb_pe *pe = w->pe;
	uint32_t a = w->file_align, end = pe->table_off + w->n * (uint32_t)sizeof(struct pe_shdr);
	uint32_t headers = (uint32_t)cb_max(end, pe->headers_size);
	uint64_t at;

	if (w->n > CB_MAX_PE_SECTIONS || end > CB_MAX_PE_HEADER)
		return cb_fail(pe->env, CB_ELIMIT, "PE: %u sections > %u", w->n, CB_MAX_PE_SECTIONS);
	w->headers_size = (headers + a - 1) & ~(a - 1);
	at = w->headers_size;
	for (uint32_t i = 0; i < w->n; i++) {
		struct cb_pe_section *s = &w->v[i].s;

		if (s->vsize > 0 && s->vaddr < w->headers_size)
			return cb_fail(pe->env, CB_EUNSUP,
				       "PE: %u section headers end at %u, section %s begins at %u", w->n,
				       w->headers_size, s->name, s->vaddr);
		s->off = w->v[i].data.size > 0 ? (uint32_t)at : 0;
		at += (w->v[i].data.size + a - 1) & ~((uint64_t)a - 1);
		if (at > UINT32_MAX)
			return cb_fail(pe->env, CB_ELIMIT, "PE: file of more than 4 GiB");
		s->raw_size = s->off != 0 ? (uint32_t)at - s->off : 0;
	}
	w->file_end = at;
	return 0;
}

/* What describes places in the file that will not be the same, or signs them. */
static void clear_stale(const struct cb_pe *pe, uint8_t *head)
{
	struct pe_coff coff;
	struct pe_opt opt;
	static const unsigned stale[] = { PE_DIR_CERT, PE_DIR_DEBUG };

	memcpy(&coff, head + pe->opt_off - sizeof(coff), sizeof(coff));
	coff.symbols = coff.nsymbols = cb_put_le32(0);
	memcpy(head + pe->opt_off - sizeof(coff), &coff, sizeof(coff));
	memcpy(&opt, head + pe->opt_off, sizeof(opt));
	opt.checksum = cb_put_le32(0);   /* "not computed": only Windows drivers need one */
	memcpy(head + pe->opt_off, &opt, sizeof(opt));
	for (unsigned i = 0; i < 2; i++)
		if (cb_get_le32(opt.ndirs) > stale[i])
			memset(head + pe->opt_off + PE_DIR_OFF(stale[i]), 0, sizeof(struct pe_dir));
}

static void put_section(uint8_t *to, const struct cb_pe_section *s)
{
	struct pe_shdr h = {
		.vsize = cb_put_le32(s->vsize), .vaddr = cb_put_le32(s->vaddr),
		.raw_size = cb_put_le32(s->raw_size), .raw_off = cb_put_le32(s->off),
		.flags = cb_put_le32(s->flags),
	};

	memcpy(h.name, s->name, sizeof(h.name));
	memcpy(to, &h, sizeof(h));
}

static void put_headers(const struct writer *w, uint16_t dll_clear, uint8_t *head)
{
	const struct cb_pe *pe = w->pe;
	uint64_t align = pe->section_align, code = 0, data = 0;
	struct pe_coff coff;
	struct pe_opt opt;

	memcpy(head, pe->head.p, pe->head.n);
	clear_stale(pe, head);
	for (uint32_t i = 0; i < w->n; i++) {
		const struct cb_pe_section *s = &w->v[i].s;
		bool is_code = (s->flags & 0x20) != 0;

		if (w->v[i].add != NULL)
			*(is_code ? &code : &data) += s->raw_size;
		put_section(head + pe->table_off + i * sizeof(struct pe_shdr), s);
	}
	memcpy(&coff, head + pe->opt_off - sizeof(coff), sizeof(coff));
	coff.nsections = cb_put_le16((uint16_t)w->n);
	memcpy(head + pe->opt_off - sizeof(coff), &coff, sizeof(coff));
	memcpy(&opt, head + pe->opt_off, sizeof(opt));
	opt.code_size = cb_put_le32((uint32_t)(cb_get_le32(opt.code_size) + code));
	opt.data_size = cb_put_le32((uint32_t)(cb_get_le32(opt.data_size) + data));
	opt.image_size = cb_put_le32((uint32_t)((w->image_end + align - 1) & ~(align - 1)));
	opt.headers_size = cb_put_le32(w->headers_size);
	opt.dll_flags = cb_put_le16((uint16_t)(pe->dll_flags & ~dll_clear));
	memcpy(head + pe->opt_off, &opt, sizeof(opt));
}

static int append(struct writer *w, const struct cb_pe_add *add, size_t n, uint16_t dll_clear,
		  struct cb_pieces *ret)
{
	int r = check_addresses(w->pe);

	if (r < 0)
		return r;
	keep_old(w, add, n);
	for (size_t i = 0; i < n && r == 0; i++)
		if (!placed(w, &add[i]))
			r = add_new(w, &add[i]);
	if (r == 0)
		r = lay_out(w);
	if (r < 0)
		return r;

	uint64_t base = ret->size;
	uint8_t *head = cb_pieces_room(ret, w->headers_size);

	if (head == NULL)
		return cb_pieces_status(ret);
	put_headers(w, dll_clear, head);
	for (uint32_t i = 0; i < w->n; i++) {
		cb_pieces_add(ret, &w->v[i].data);
		if (w->v[i].s.off != 0)
			cb_pieces_pad_to(ret, base + w->v[i].s.off + w->v[i].s.raw_size);
	}
	return cb_pieces_status(ret);
}

int cb_pe_append(const struct cb_pe *pe, const struct cb_pe_add *add, size_t n, uint16_t dll_clear,
		 struct cb_pieces *ret)
{
	if (n > CB_MAX_PE_SECTIONS)
		return cb_fail(pe->env, CB_ELIMIT, "PE: %zu new sections > %u", n, CB_MAX_PE_SECTIONS);

	struct writer w = {
		.pe = pe, .room = pe->nsections + (uint32_t)n,
		.file_align = (uint32_t)cb_max(pe->file_align, PE_MIN_FILE_ALIGN),
	};
	int r;

	if (w.room == 0)
		return cb_fail(pe->env, CB_EINVAL, "PE: no sections");
	w.v = cb_alloc(pe->env, w.room * sizeof(*w.v));
	if (w.v == NULL)
		return CB_ENOMEM;
	r = append(&w, add, n, dll_clear, ret);
	cb_free(pe->env, w.v, w.room * sizeof(*w.v));
	return r;
}

/* Headers begin at `at` and the file has other bytes before; sections move by delta. */
static int shift(const struct cb_pe *pe, uint32_t delta, uint32_t at, uint32_t limit, uint8_t *head)
{
	uint32_t a = (uint32_t)cb_max(pe->file_align, PE_MIN_FILE_ALIGN);
	uint32_t size = pe->table_off + pe->nsections * (uint32_t)sizeof(struct pe_shdr) - pe->pe_off;
	uint64_t end = (uint64_t)at + size, headers = (end + a - 1) & ~((uint64_t)a - 1);
	struct pe_opt opt;

	if (end > limit)
		return cb_fail(pe->env, CB_EUNSUP, "PE: headers at %u end at %llu > %u", at,
			       (unsigned long long)end, limit);
	clear_stale(pe, head);
	for (uint32_t i = 0; i < pe->nsections; i++) {
		struct cb_pe_section s = pe->section[i];

		if (s.vsize > 0 && s.vaddr < headers)
			return cb_fail(pe->env, CB_EUNSUP, "PE: headers end at %llu, section %s begins at %u",
				       (unsigned long long)headers, s.name, s.vaddr);
		if (s.raw_size == 0)
			continue;
		if (s.off > UINT32_MAX - delta || s.raw_size > UINT32_MAX - delta - s.off)
			return cb_fail(pe->env, CB_ELIMIT, "PE: section %s ends past 4 GiB", s.name);
		s.off += delta;
		put_section(head + pe->table_off + i * sizeof(struct pe_shdr), &s);
	}
	memcpy(&opt, head + pe->opt_off, sizeof(opt));
	opt.headers_size = cb_put_le32((uint32_t)headers);
	memcpy(head + pe->opt_off, &opt, sizeof(opt));
	return 0;
}

int cb_pe_rebase(const struct cb_pe *pe, uint32_t delta, uint32_t at, uint32_t limit, struct cb_buf *ret)
{
	size_t n = pe->head.n;
	uint8_t *head = cb_alloc(pe->env, n);
	int r;

	if (head == NULL)
		return CB_ENOMEM;
	memcpy(head, pe->head.p, n);
	r = shift(pe, delta, at, limit, head);
	if (r == 0) {
		cb_buf_add(ret, head + pe->pe_off,
			   pe->table_off + pe->nsections * sizeof(struct pe_shdr) - pe->pe_off);
		r = cb_buf_status(ret);
	}
	cb_free(pe->env, head, n);
	return r;
}
