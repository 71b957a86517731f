/* uefi/files.c - EFI_FILE_PROTOCOL (UEFI 2.10, 13.5). */
#include "uefi/files.h"

#include "core/limits.h"
#include "core/str.h"
#include "core/utf.h"
#include "uefi/disk.h"
#include "uefi/proto/simple_fs.h"

#define READ_WRITE (EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE)

static int failed(struct cb_env *env, struct cb_str path, const char *what, efi_status s)
{
	int r = s == EFI_WRITE_PROTECTED || s == EFI_ACCESS_DENIED ? CB_EAUTH :
		s == EFI_VOLUME_FULL ? CB_ELIMIT : cb_uefi_error(s);

	return cb_fail(env, r, "%s %.*s: %s", what, CB_STR_ARG(path),
		       r == CB_EAUTH    ? "the volume can't be written"
		       : r == CB_ELIMIT ? "the volume is full"
					: "the firmware failed");
}

/* Open below dir, by UCS-2 with its end. */
static int open_at(struct cb_env *env, struct efi_file *dir, struct cb_str path, uint64_t mode,
		   uint64_t attributes, struct efi_file **ret)
{
	static const uint8_t nul[2];
	struct cb_buf wide;
	efi_status s = EFI_SUCCESS;
	int r;

	cb_buf_init(&wide, env, 4 * CB_MAX_PATH);
	cb_utf8_to_utf16(&wide, path);
	cb_buf_add(&wide, nul, sizeof(nul));
	r = cb_buf_status(&wide);
	if (r == 0)
		s = dir->open(dir, ret, (const efi_char16 *)(const void *)wide.p, mode, attributes);
	cb_buf_fini(&wide);
	return EFI_IS_ERROR(s) ? failed(env, path, "opening", s) : r;
}

/* Every folder that path goes through. */
static int make_folders(struct cb_env *env, struct efi_file *root, struct cb_str path)
{
	for (size_t i = 1; i < path.n; i++) {
		struct efi_file *folder;
		int r;

		if (path.p[i] != '\\')
			continue;
		r = open_at(env, root, cb_str_sub(path, 0, i), READ_WRITE | EFI_FILE_MODE_CREATE,
			    EFI_FILE_DIRECTORY, &folder);
		if (r < 0)
			return r;
		(void)folder->close(folder); /* always succeeds (13.5.3) */
	}
	return 0;
}

static int write_all(struct cb_env *env, struct efi_file *f, struct cb_str path,
		     struct cb_bytes data)
{
	while (data.n > 0) {
		size_t n = data.n;
		efi_status s = f->write(f, &n, data.p);

		if (EFI_IS_ERROR(s) || n == 0)
			return failed(env, path, "writing", EFI_IS_ERROR(s) ? s : EFI_VOLUME_FULL);
		data = (struct cb_bytes){ data.p + n, data.n - n };
	}

	efi_status s = f->flush(f);

	return EFI_IS_ERROR(s) ? failed(env, path, "writing", s) : 0;
}

static int replace(struct cb_env *env, struct efi_file *root, struct cb_str path,
		   struct cb_bytes data)
{
	struct efi_file *f;
	int r = make_folders(env, root, path);

	if (r < 0)
		return r;
	/* What is longer would keep its tail. */
	if (open_at(env, root, path, READ_WRITE, 0, &f) == 0)
		(void)f->delete(f); /* if that failed, creating tells */
	cb_clear(env);
	r = open_at(env, root, path, READ_WRITE | EFI_FILE_MODE_CREATE, 0, &f);
	if (r < 0)
		return r;
	r = write_all(env, f, path, data);
	if (r < 0)
		(void)f->delete(f); /* half a file is none */
	else
		(void)f->close(f); /* it was flushed */
	return r;
}

int cb_uefi_write_file(struct cb_uefi *u, struct cb_env *env, efi_handle volume, struct cb_str path,
		       struct cb_bytes data)
{
	static const struct efi_guid guid = EFI_SIMPLE_FILE_SYSTEM_GUID;
	struct efi_simple_fs *fs = cb_uefi_protocol(u, volume, &guid);
	struct efi_file *root;
	efi_status s;
	int r;

	if (fs == NULL)
		return cb_fail(env, CB_EUNSUP,
			       "writing %.*s: the firmware reads no file system there",
			       CB_STR_ARG(path));
	s = fs->open_volume(fs, &root);
	if (EFI_IS_ERROR(s))
		return failed(env, path, "writing", s);
	r = replace(env, root, path, data);
	(void)root->close(root); /* always succeeds */
	return r;
}
